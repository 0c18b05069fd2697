"""`reliakit rolling pause`: pauses a replacement."""

import click

from reliakit.cli.rolling.ordering import Asked, takes_orders
from reliakit.failover.rolling.controller import Orders

__all__ = ["command"]


@click.command("pause")
@takes_orders
def command(asked: Asked) -> None:
    """Let no further endpoint be begun.

    What is under way goes on to its end, and resume begins the next.

    \b
    Example:
      reliakit rolling pause shop --reason "look at the first two"

    Exit code 1 where that makes no sense now.
    """
    asked.order(Orders.PAUSE)
