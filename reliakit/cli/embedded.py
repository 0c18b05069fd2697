"""The commands inside of another program, as `flask reliakit …` and `manage.py reliakit …`."""

from collections.abc import Mapping, Sequence
from typing import Any

import click

from reliakit.cli.program import program

__all__ = ["run"]


def run(
    arguments: Sequence[str], name: str, *, file: str | None, store: str | None, standalone: bool = True
) -> Any:
    """Runs a command for definitions and a store that the other program knows.

    Args:
        arguments: what follows the name.
        name: how people call it, for help and usage.
        file: the definitions; None where they are no file.
        store: a URL, or None for what the definitions say.
        standalone: whether to end the process, as commands do, or to raise what click does.
    """
    # The names are those of the parameters: `--file` or FILE, and `--store`.
    given = {**({"file": file} if file else {}), **({"url": store} if store else {})}
    defaults = _for_each(program, list(arguments[:1]), given)
    return program.main(list(arguments), prog_name=name, default_map=defaults, standalone_mode=standalone)


def _for_each(group: click.Group, names: Sequence[str], given: Mapping[str, Any]) -> dict[str, Any]:
    """Returns defaults for the commands of a group, at every depth."""
    found: dict[str, Any] = {}
    context = click.Context(group)
    for name in names:
        each = group.get_command(context, name)
        inner = tuple(each.list_commands(context)) if isinstance(each, click.Group) else ()
        found[name] = _for_each(each, inner, given) if isinstance(each, click.Group) else given
    return found
