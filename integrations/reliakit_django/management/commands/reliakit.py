"""`manage.py reliakit …`: the commands of `reliakit`, for the definitions and the store of the project."""

import argparse
import sys
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from reliakit import ReliakitError
from reliakit_django.conf import configured
from reliakit_django.definitions_file import definitions_file

__all__ = ["Command"]


class Command(BaseCommand):
    """Hands on what follows its name, so that nothing is declared twice."""

    help = "Flags, releases and the store of this project: what `reliakit` does."
    requires_system_checks = ()  # `manage.py reliakit check` is there to tell what is wrong

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "arguments", nargs=argparse.REMAINDER, help="as for `reliakit`; --help tells more"
        )

    def run_from_argv(self, argv: list[str]) -> None:
        """Options that come after are the command's own; but two are `manage.py`'s, which it has obeyed by now."""
        parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
        for option in ("--settings", "--pythonpath"):
            parser.add_argument(option)
        _, arguments = parser.parse_known_args(argv[2:])
        try:
            self._run(arguments, f"{Path(argv[0]).name} {argv[1]}", standalone=True)
        except (ImproperlyConfigured, ReliakitError) as wrong:
            sys.exit(f"Error: {wrong}")

    def print_help(self, prog_name: str, subcommand: str) -> None:
        self._run(["--help"], f"{Path(prog_name).name} {subcommand}", standalone=False)

    def handle(self, *args: Any, arguments: list[str], **options: Any) -> None:
        """For `call_command`: what goes wrong is a CommandError, with the exit code of the command."""
        try:
            code = self._run(arguments, "manage.py reliakit", standalone=False)
        except Exception as failed:
            told = getattr(failed, "format_message", failed.__str__)()
            raise CommandError(told, returncode=getattr(failed, "exit_code", 1)) from failed
        if isinstance(code, int) and code:
            raise CommandError(f"reliakit {' '.join(arguments)} found problems", returncode=code)

    def _run(self, arguments: list[str], name: str, *, standalone: bool) -> Any:
        from reliakit.cli.embedded import run

        asked = arguments[0] if arguments else ""
        if not asked or asked.startswith("-"):
            return run(arguments, name, file=None, store=None, standalone=standalone)
        found = configured()
        with definitions_file(found, asked) as file:
            return run(arguments, name, file=file, store=found.store, standalone=standalone)
