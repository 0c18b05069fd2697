"""Printing that the commands share: tables and colours on a terminal, plain lines elsewhere.

Results go to stdout, everything about them to stderr, so that a pipe carries results alone.
"""

import json
import sys
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Failure", "on_terminal", "plural", "print_json", "print_line", "screen", "tell"]


class Failure(click.ClickException):
    """Ends the program with one line on stderr: what was asked for could not be done."""

    exit_code = 2

    def show(self, file: Any = None) -> None:
        click.secho(f"reliakit: {self.message}", file=file, err=True, fg="red", color=self.show_color)


def on_terminal() -> bool:
    """Whether a person watches stdout."""
    return sys.stdout.isatty()


def screen() -> "Console":
    """Returns the terminal; rich keeps to NO_COLOR and the width by itself."""
    from rich.console import Console

    # Definitions hold what looks like markup ([0], :smile:), and everything that is coloured says so itself.
    return Console(markup=False, emoji=False, highlight=False)


def print_json(value: Any) -> None:
    """Prints a result for programs, on several lines that a person can read too."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def print_line(text: str, colour: str | None = None) -> None:
    """Prints one line of a result; click leaves the colour out where it isn't wanted."""
    click.secho(text, fg=colour)


def tell(text: str, colour: str | None = None) -> None:
    """Says something about the result, on stderr."""
    click.secho(text, fg=colour, err=True)


def plural(number: int, noun: str) -> str:
    """Returns `1 error`, `2 errors`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
