"""`flask reliakit …`: the commands of `reliakit`, for the definitions and the store of an app."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from flask import Flask

from reliakit import Reliakit

__all__ = ["command"]

_HELP = "Flags, releases and the store of this app: what `reliakit` does."
_VERBATIM = {"ignore_unknown_options": True, "allow_interspersed_args": False}


def command(app: Flask, kit: Reliakit) -> click.Command:
    """Returns the command; it hands on what follows its name, so that nothing is declared twice."""

    @click.command("reliakit", help=_HELP, add_help_option=False, context_settings=_VERBATIM)
    @click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
    def reliakit(arguments: tuple[str, ...]) -> None:
        from reliakit.cli import program

        program.main(
            list(arguments),
            prog_name="flask reliakit",
            default_map=_for_each(program, arguments[:1], _defaults(app, kit)),
        )

    return reliakit


def _defaults(app: Flask, kit: Reliakit) -> Mapping[str, Any]:
    """The names are those of the parameters: `--file` or FILE, and `--store`."""
    file, store = Path(kit.status().source), app.config.get("RELIAKIT_STORE")
    return {**({"file": str(file)} if file.is_file() else {}), **({"url": store} if store else {})}


def _for_each(group: click.Group, names: tuple[str, ...], given: Mapping[str, Any]) -> dict[str, Any]:
    """Returns defaults for the commands of a group, at every depth."""
    found: dict[str, Any] = {}
    context = click.Context(group)
    for name in names:
        each = group.get_command(context, name)
        inner = tuple(each.list_commands(context)) if isinstance(each, click.Group) else ()
        found[name] = _for_each(each, inner, given) if isinstance(each, click.Group) else given
    return found
