"""`reliakit failover start`: moves an upstream's traffic to another region."""

import click

from reliakit.cli.failover.ordering import Asked, takes_orders, to_region
from reliakit.failover.recovery.orders import Orders

__all__ = ["command"]


@click.command("start")
@to_region
@takes_orders
def command(asked: Asked, region: str) -> None:
    """Fail over by hand.

    The region that stands in is prepared, has to become ready, and gets the traffic step by step. It comes back by hand, too.

    \b
    Example:
      reliakit failover start shop --to us --reason "eu is going down at noon"

    Exit code 1 where that makes no sense now, as while a failover is under way.
    """
    asked.do(Orders.START, region)
