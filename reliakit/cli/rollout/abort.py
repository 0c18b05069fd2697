"""`reliakit rollout abort`: ends a release."""

import click

from reliakit.cli.rollout.ordering import Asked, takes_orders
from reliakit.rollouts.orders import Order, Orders

__all__ = ["command"]


@click.command("abort")
@takes_orders
def command(asked: Asked) -> None:
    """End a release; everything goes to the version before it.

    The release has Failed then; retry begins it again.

    \b
    Example:
      reliakit rollout abort shop --reason "wrong version"

    Exit code 1 where that makes no sense now.
    """
    asked.do(Order(Orders.ABORT))
