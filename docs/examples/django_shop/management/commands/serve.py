"""`manage.py serve`: makes the database and starts the shop."""

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

__all__ = ["Command"]


class Command(BaseCommand):
    """All that there is to it."""

    help = "Makes the database and starts the shop."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("address", nargs="?", default="127.0.0.1:8000")

    def handle(self, *args: Any, address: str, **options: Any) -> None:
        call_command("migrate", verbosity=0)
        call_command("runserver", address, use_reloader=False)
