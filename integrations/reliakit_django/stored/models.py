"""Flags and segments as rows, and who has changed them."""

from typing import Any, NoReturn

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models, router, transaction

from reliakit_django.stored.checking import drafted, findings
from reliakit_django.stored.composing import Row
from reliakit_django.stored.history import Edit, Revision

__all__ = ["Definition", "Edit", "Revision", "StoredFlag", "StoredSegment", "loaded", "rows"]

_KEY = RegexValidator(
    r"^[A-Za-z0-9_][A-Za-z0-9_.:/-]*\Z", "Letters, digits and _ . : / -, and none of the last five first."
)


class OneByOne(models.QuerySet[Any]):
    """Rows that can only be changed one by one, since only that is checked and kept in the history."""

    def update(self, **_: Any) -> NoReturn:
        raise TypeError("change one row after the other, by save(): only that is checked and remembered")

    def bulk_create(self, *_: Any, **__: Any) -> NoReturn:
        self.update()

    def bulk_update(self, *_: Any, **__: Any) -> NoReturn:
        self.update()

    def delete(self) -> tuple[int, dict[str, int]]:
        """Deletes one after the other."""
        gone = [each.delete() for each in self]
        return len(gone), {self.model._meta.label: len(gone)} if gone else {}


class Definition(models.Model):
    """What flags and segments have in common. Whatever saves one checks all of them together."""

    section = ""

    key: "models.CharField[str, str]" = models.CharField(max_length=200, unique=True, validators=[_KEY])
    definition: "models.TextField[str, str]" = models.TextField(
        help_text="YAML or JSON, as it would stand below the key in a file."
    )
    changed_at: "models.DateTimeField[Any, Any]" = models.DateTimeField(auto_now=True)

    objects = OneByOne.as_manager()

    class Meta:
        abstract = True
        ordering = ("key",)
        base_manager_name = "objects"

    def __str__(self) -> str:
        return self.key

    @property
    def row(self) -> Row:
        """What it says."""
        return Row(self.section, self.key, self.definition)

    def clean(self) -> None:
        """Checks it together with all others.

        Raises:
            ValidationError: something is wrong, at the fields where it can be mended.
        """
        super().clean()
        self._check(self._alias, None)

    def save(self, *, by: str = "", reason: str = "", **options: Any) -> None:
        """Saves it, if it makes sense with all others, and remembers who did.

        Args:
            by: the name of whoever has edited it.
            reason: why.
            options: those of Django; all fields are saved, whichever it names.

        Raises:
            ValidationError: it makes no sense, or is to get another key; then nothing is changed.
        """
        using = options["using"] = options.get("using") or self._alias
        options.pop("update_fields", None)
        with transaction.atomic(using=using):
            Revision.advance(using, 0)
            every: Any = type(self)._base_manager.using(using)
            before: Definition | None = every.filter(pk=self.pk).first() if self.pk else None
            if before is not None and before.row == self.row:
                return
            self._check(using, before)
            super().save(**options)
            number = Revision.advance(using)
            Edit.remember(using, number, before.row if before else None, self.row, by, reason)

    def delete(  # type: ignore[override]
        self, *, by: str = "", reason: str = "", **options: Any
    ) -> tuple[int, dict[str, int]]:
        """Deletes it, if all others make sense without it, and remembers who did.

        Raises:
            ValidationError: another one refers to it; then nothing is changed.
        """
        using = options.get("using") or self._alias
        with transaction.atomic(using=using):
            number = Revision.advance(using)
            found = self.missed(using)
            if found:
                raise ValidationError(found)
            before, gone = self.row, super().delete(**options)
            Edit.remember(using, number, before, None, by, reason)
        return gone

    def missed(self, using: str | None = None) -> list[str]:
        """Returns what would be wrong with the others if it were deleted."""
        found = findings(row for row in rows(using) if (row.section, row.key) != (self.section, self.key))
        return [message for messages in found.values() for message in messages]

    @property
    def _alias(self) -> str:
        return router.db_for_write(type(self), instance=self)

    def with_others(self, using: str | None = None) -> list[Row]:
        """Returns what all would say if it were saved as it is."""
        mine = (self.section, self.key)
        return [*(row for row in rows(using) if (row.section, row.key) != mine), self.row]

    def _check(self, using: str, before: "Definition | None") -> None:
        if before is not None and before.key != self.key:
            raise ValidationError({"key": "Make a new one, and delete this one when nobody asks for it."})
        found = findings(self.with_others(using), self.row)
        if found:
            raise ValidationError({field: list(messages) for field, messages in found.items()})


class StoredSegment(Definition):
    """A segment: a condition with a name."""

    section = "segments"

    class Meta(Definition.Meta):
        verbose_name = "segment"


class StoredFlag(Definition):
    """A flag: its definition, and two switches that are laid over it.

    `description`, `owner` and `kind` are those of the definition, for lists of flags.
    """

    section = "flags"

    killed: "models.BooleanField[bool, bool]" = models.BooleanField(
        "off for everybody", default=False, help_text="Wins over whatever the definition says."
    )
    percentage: "models.FloatField[float | None, float | None]" = models.FloatField(
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
        help_text="Of everyone else, instead of what the definition says; empty for that.",
    )
    description: "models.TextField[str, str]" = models.TextField(editable=False, default="")
    owner: "models.TextField[str, str]" = models.TextField(editable=False, default="")
    kind: "models.CharField[str, str]" = models.CharField(max_length=20, editable=False, default="")

    class Meta(Definition.Meta):
        verbose_name = "flag"
        permissions = (("toggle_storedflag", "Can switch flags off and set their percentage"),)

    @property
    def row(self) -> Row:
        return Row(self.section, self.key, self.definition, self.killed, self.percentage)

    def _check(self, using: str, before: Definition | None) -> None:
        super()._check(using, before)
        with drafted(self.with_others(using)) as kit:
            said = kit.flags[self.key]
        self.description, self.owner = said.get("description", ""), said.get("owner", "")
        self.kind = said.get("kind", "")


def rows(using: str | None = None) -> list[Row]:
    """Returns what all flags and segments say."""
    kinds: tuple[type[Definition], ...] = (StoredSegment, StoredFlag)
    return [each.row for kind in kinds for each in kind._base_manager.using(using)]


def loaded(sender: type[Definition], *, raw: bool, using: str, **_: Any) -> None:
    """Notes that `loaddata` has put a row there as it is, unchecked: what makes no sense, workers refuse."""
    if raw:
        Revision.advance(using)
