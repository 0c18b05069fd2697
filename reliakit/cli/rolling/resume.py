"""`reliakit rolling resume`: goes on with a replacement."""

import click

from reliakit.cli.rolling.ordering import Asked, takes_orders
from reliakit.failover.rolling.controller import Orders

__all__ = ["command"]


@click.command("resume")
@takes_orders
def command(asked: Asked) -> None:
    """Go on with a replacement that is paused.

    The next endpoint is begun as soon as one may be missing.

    \b
    Example:
      reliakit rolling resume shop --reason "all is well"

    Exit code 1 where that makes no sense now.
    """
    asked.order(Orders.RESUME)
