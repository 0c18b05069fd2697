"""`flask reliakit …`: the commands of `reliakit`, for the definitions and the store of an app."""

from pathlib import Path

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
        from reliakit.cli.embedded import run

        file = Path(kit.status().source)
        run(
            arguments,
            "flask reliakit",
            file=str(file) if file.is_file() else None,
            store=app.config.get("RELIAKIT_STORE"),
        )

    return reliakit
