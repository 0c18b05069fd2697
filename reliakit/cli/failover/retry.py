"""`reliakit failover retry`: tries a failover again that waits for somebody."""

import click

from reliakit.cli.failover.ordering import Asked, takes_orders
from reliakit.failover.recovery.orders import Orders

__all__ = ["command"]


@click.command("retry")
@takes_orders
def command(asked: Asked) -> None:
    """Try again after an error.

    The region that stands in is prepared again, hook included.

    \b
    Example:
      reliakit failover retry shop

    Exit code 1 where there was no error.
    """
    asked.do(Orders.RETRY)
