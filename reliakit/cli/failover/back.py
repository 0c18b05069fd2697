"""`reliakit failover back`: brings an upstream's traffic back."""

import click

from reliakit.cli.failover.ordering import Asked, takes_orders
from reliakit.failover.recovery.orders import Orders

__all__ = ["command"]


@click.command("back")
@takes_orders
def command(asked: Asked) -> None:
    """Fail back.

    The hook `back` runs first, the region that was left has to be well, and it gets the traffic step by step.

    \b
    Example:
      reliakit failover back shop --reason "eu is up again"

    Exit code 1 where nothing is away.
    """
    asked.do(Orders.BACK)
