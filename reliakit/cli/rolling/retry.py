"""`reliakit rolling retry`: tries again to put endpoints back."""

import click

from reliakit.cli.rolling.ordering import Asked, takes_orders
from reliakit.failover.rolling.controller import Orders

__all__ = ["command"]


@click.command("retry")
@takes_orders
def command(asked: Asked) -> None:
    """Try again to put back what was not put back.

    For a replacement that ended in Error: an endpoint was not put back, or is not ready since.

    \b
    Example:
      reliakit rolling retry shop --reason "the disk has room again"

    Exit code 1 where that makes no sense now.
    """
    asked.order(Orders.RETRY)
