"""Options of the form NAME=VALUE."""

from collections.abc import Iterable
from typing import Any

import click

from reliakit.definitions.documents import read, run
from reliakit.definitions.scalars import resolve

__all__ = ["attributes", "pairs"]


def pairs(written: Iterable[str], option: str) -> dict[str, str]:
    """Returns the texts by their names; the last of two equal names wins, as options do.

    Raises:
        click.BadParameter: one of them is not NAME=VALUE.
    """
    found: dict[str, str] = {}
    for each in written:
        name, equals, text = each.partition("=")
        if not (name and equals):
            raise click.BadParameter(f"expected NAME=VALUE, got {each!r}", param_hint=option)
        found[name] = text
    return found


def attributes(written: Iterable[str], option: str) -> dict[str, Any]:
    """Returns values as a definitions file would have them: `30` is a number, `"30"` and `007` are texts.

    Raises:
        click.BadParameter: one is not NAME=VALUE, or starts like a quoted text, list or mapping and isn't one.
    """
    return {name: _value(text, f"{option} {name}") for name, text in pairs(written, option).items()}


def _value(text: str, option: str) -> Any:
    # Only what starts like it is read as a whole document: in a shell, `a: b` and `#4` are meant as they stand.
    if not text.startswith(('"', "'", "[", "{")):
        return resolve(text)
    document, problems = run(read(f"value: {text}", option, "yaml"))
    if problems or document is None:
        raise click.BadParameter(f"{text!r}: {problems[0].message}", param_hint=option)
    return document.data["value"]
