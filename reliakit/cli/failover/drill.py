"""`reliakit failover drill`: fails over on purpose, and returns."""

import click

from reliakit.cli.failover.ordering import Asked, takes_orders, to_region
from reliakit.failover.recovery.orders import Orders

__all__ = ["command"]


@click.command("drill")
@to_region
@takes_orders
def command(asked: Asked, region: str) -> None:
    """Rehearse a failover.

    All that a failover does is done, hooks too, and the times are measured; after `drill` of the definitions the traffic comes back by itself. A primary that is lost meanwhile makes it a failover in earnest.

    \b
    Example:
      reliakit failover drill shop --reason "the yearly one"

    Exit code 1 where that makes no sense now.
    """
    asked.do(Orders.DRILL, region)
