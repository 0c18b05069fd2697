"""Options that the commands which look at shared state have in common."""

from collections.abc import Callable
from typing import Any, TypeVar

import click
import msgspec

from reliakit.cli.files import FILE
from reliakit.definitions.quantities import Duration, advice, seconds

__all__ = ["LENGTH", "as_json", "place", "signed"]

F = TypeVar("F", bound=Callable[..., Any])


class _Length(click.ParamType[float]):
    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        try:
            return seconds(msgspec.convert(value, Duration))
        except msgspec.ValidationError:
            meant = advice("duration", value)
            self.fail(
                f"expected a duration such as 30m or 4h, got {value!r}{'; ' * bool(meant)}{meant or ''}"
            )


LENGTH = _Length()
"""A duration as definitions have them, in seconds."""


def place(command: F) -> F:
    """Adds where the definitions and the store are."""
    for option in (
        click.option(
            "--store", "url", metavar="URL", help="The store; by default what the definitions say."
        ),
        click.option(
            "--file", type=FILE, default="reliakit.yaml", envvar="RELIAKIT_CONFIG", show_default=True,
            show_envvar=True, help="The definitions.",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


def signed(command: F) -> F:
    """Adds under which name something is done."""
    return click.option(
        "--as", "claimed", metavar="NAME", help="Who you are, for the journal; your user by default."
    )(command)


def as_json(command: F) -> F:
    """Adds --json."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")(command)
