"""`reliakit failover cancel`: calls a failover or a failback off."""

import click

from reliakit.cli.failover.ordering import Asked, takes_orders
from reliakit.failover.recovery.orders import Orders

__all__ = ["command"]


@click.command("cancel")
@takes_orders
def command(asked: Asked) -> None:
    """Call off what has begun.

    A failover that has moved no traffic yet ends; a failback turns round, and all traffic goes to the region that stands in. A failover that has moved traffic is ended by `back`.

    \b
    Example:
      reliakit failover cancel shop

    Exit code 1 where nothing can be called off.
    """
    asked.do(Orders.CANCEL)
