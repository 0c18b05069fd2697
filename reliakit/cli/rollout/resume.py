"""`reliakit rollout resume`: lets a held release go on."""

import click

from reliakit.cli.rollout.ordering import Asked, takes_orders
from reliakit.rollouts.orders import Order, Orders

__all__ = ["command"]


@click.command("resume")
@takes_orders
def command(asked: Asked) -> None:
    """Let a release go on that somebody has paused.

    One that waits at a gate is promoted instead.

    \b
    Example:
      reliakit rollout resume shop --reason "the database has been moved"

    Exit code 1 where that makes no sense now.
    """
    asked.do(Order(Orders.RESUME))
