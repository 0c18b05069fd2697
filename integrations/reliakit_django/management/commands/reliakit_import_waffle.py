"""`manage.py reliakit_import_waffle`: the flags, switches and samples of django-waffle as definitions."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

__all__ = ["Command"]

_AUTHOR, _REASON = "reliakit_import_waffle", "imported from django-waffle"


class Command(BaseCommand):
    """Nobody moves: what is written answers by waffle's rules as long as it is asked by `reliakit_django.waffle`."""

    help = "Write what django-waffle has as definitions of reliakit, which answer every visitor as before."

    def add_arguments(self, parser: ArgumentParser) -> None:
        where = parser.add_mutually_exclusive_group()
        where.add_argument(
            "--output", type=Path, metavar="FILE", help="A new file; by default it is printed."
        )
        where.add_argument(
            "--stored", action="store_true", help="Into the tables of reliakit_django.stored instead."
        )
        parser.add_argument(
            "--partly",
            action="store_true",
            help="Although models of this project have what can't be imported.",
        )

    def handle(self, *args: Any, output: Path | None, stored: bool, partly: bool, **options: Any) -> None:
        if not apps.is_installed("waffle"):
            raise CommandError("waffle is not in INSTALLED_APPS; import before you take it out")
        from reliakit_django.waffle.importing import document, imported

        found = imported()
        for lost in found.lost:
            self.stderr.write(lost)
        if found.lost and not partly:
            raise CommandError("not everything can be imported; with --partly, the rest is")
        _check(found.definitions)
        if stored:
            self._store(found.definitions)
        elif output is None:
            self.stdout.write(document(found.definitions))
        else:
            _write(output, document(found.definitions))
            self.stderr.write(f"{len(found.definitions)} written to {output}")

    def _store(self, definitions: Any) -> None:
        if not apps.is_installed("reliakit_django.stored"):
            raise CommandError("add 'reliakit_django.stored' to INSTALLED_APPS, and run: manage.py migrate")
        from reliakit_django.stored.models import StoredFlag
        from reliakit_django.waffle.importing import written

        with transaction.atomic(using=StoredFlag.objects.db):
            for key, definition in definitions.items():
                flag = StoredFlag(key=key, definition=written(definition))
                try:
                    flag.full_clean()
                except ValidationError as refused:
                    why = "; ".join(refused.messages)
                    raise CommandError(f"nothing is stored: {key}: {why}") from refused
                flag.save(by=_AUTHOR, reason=_REASON)
        self.stderr.write(f"{len(definitions)} stored")


def _check(definitions: Any) -> None:
    """What waffle has and the format does not know is told before anything is written."""
    from reliakit_django.stored.checking import findings
    from reliakit_django.stored.composing import Row
    from reliakit_django.waffle.importing import written

    found = findings(Row("flags", key, written(each)) for key, each in definitions.items())
    if found:
        raise CommandError("\n".join(message for messages in found.values() for message in messages))


def _write(output: Path, text: str) -> None:
    try:
        with output.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as failed:
        raise CommandError(f"{output}: {failed.strerror}") from failed
