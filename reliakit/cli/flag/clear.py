"""`reliakit flag clear`: the file decides again."""

import click

from reliakit.cli.flag.pinning import Pinning, changes_a_pin

__all__ = ["command"]


@click.command("clear")
@changes_a_pin
def command(pinning: Pinning) -> None:
    """Take back what was pinned: the file decides again.

    \b
    Example:
      reliakit flag clear new_checkout --reason "payments are back"
    """
    pinning.clear()
