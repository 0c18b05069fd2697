"""`reliakit rollout rollback`: goes back to the version before."""

import click

from reliakit.cli.rollout.ordering import Asked, takes_orders
from reliakit.rollouts.orders import Order, Orders

__all__ = ["command"]


@click.command("rollback")
@takes_orders
def command(asked: Asked) -> None:
    """Go back to the version before a release.

    Also after it has succeeded, where that is still served by the other slot.

    \b
    Example:
      reliakit rollout rollback shop --reason "customers report empty carts"

    Exit code 1 where that makes no sense now.
    """
    asked.do(Order(Orders.ROLL_BACK))
