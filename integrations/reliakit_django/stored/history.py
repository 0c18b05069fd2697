"""Who has changed what, and the number of the last edit."""

from dataclasses import asdict
from typing import Any, NoReturn

from django.db import models

from reliakit_django.stored.composing import Row

__all__ = ["Edit", "Revision"]


class Revision(models.Model):
    """One row, which every edit changes: what is polled, and what edits wait for each other at."""

    value: "models.BigIntegerField[int, int]" = models.BigIntegerField(default=0)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"edit-{self.value}"

    @classmethod
    def number(cls, using: str) -> int:
        """Returns the number of the last edit."""
        return cls.objects.using(using).filter(pk=1).values_list("value", flat=True).first() or 0

    @classmethod
    def advance(cls, using: str, by: int = 1) -> int:
        """Begins an edit: every other one waits until this transaction ends. By 0, none is begun."""
        every = cls.objects.using(using)
        # An update, and not `select_for_update`, which SQLite ignores: it would notice too late that two had begun.
        if not every.filter(pk=1).update(value=models.F("value") + by):
            every.get_or_create(pk=1)  # of two first edits, each may make it
            every.filter(pk=1).update(value=models.F("value") + by)
        return cls.number(using)


class Unchangeable(models.QuerySet[Any]):
    """Rows that stay as they were written."""

    def update(self, **_: Any) -> NoReturn:
        raise TypeError("history is not changed")

    def delete(self) -> NoReturn:
        self.update()

    def bulk_update(self, *_: Any, **__: Any) -> NoReturn:
        self.update()


class Edit(models.Model):
    """Who has changed what, from what to what, when and why; written in the transaction of the edit itself."""

    at: "models.DateTimeField[Any, Any]" = models.DateTimeField(auto_now_add=True)
    who: "models.CharField[str, str]" = models.CharField(max_length=200)
    section: "models.CharField[str, str]" = models.CharField(max_length=20)
    key: "models.CharField[str, str]" = models.CharField(max_length=200, db_index=True)
    reason: "models.TextField[str, str]" = models.TextField()
    revision: "models.BigIntegerField[int, int]" = models.BigIntegerField(unique=True)
    before: "models.JSONField[Any, Any]" = models.JSONField(null=True)
    after: "models.JSONField[Any, Any]" = models.JSONField(null=True)

    objects = Unchangeable.as_manager()

    class Meta:
        default_permissions = ("view",)
        ordering = ("-revision",)
        base_manager_name = "objects"

    def __str__(self) -> str:
        return f"{self.key}, edit {self.revision}"

    @property
    def action(self) -> str:
        """What was done."""
        return "added" if self.before is None else "deleted" if self.after is None else "changed"

    @classmethod
    def remember(
        cls, using: str, revision: int, before: Row | None, after: Row | None, by: str, reason: str
    ) -> None:
        """Writes an entry."""
        about = after or before
        assert about is not None
        cls(
            who=by,
            section=about.section,
            key=about.key,
            reason=reason,
            revision=revision,
            before=_said(before),
            after=_said(after),
        ).save(using=using, force_insert=True)

    def save(self, **options: Any) -> None:
        if not self._state.adding:
            raise TypeError("history is not changed")
        super().save(**options)

    def delete(self, **_: Any) -> NoReturn:  # type: ignore[override]
        raise TypeError("history is not changed")


def _said(row: Row | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return {name: value for name, value in asdict(row).items() if name not in ("section", "key")}
