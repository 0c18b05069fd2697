"""`reliakit rollout retry`: begins a failed release again."""

import click

from reliakit.cli.rollout.ordering import Asked, takes_orders
from reliakit.rollouts.orders import Order, Orders

__all__ = ["command"]


@click.command("retry")
@takes_orders
def command(asked: Asked) -> None:
    """Try a release again.

    A failed one begins anew at the first step, with a number of its own; one that is inconclusive or in error goes on at its step, and never at a higher weight.

    \b
    Example:
      reliakit rollout retry shop --reason "the dependency is back"

    Exit code 1 where that makes no sense now.
    """
    asked.do(Order(Orders.RETRY))
