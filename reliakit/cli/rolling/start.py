"""`reliakit rolling start`: begins a replacement."""

import click

from reliakit.cli.rolling.ordering import Asked, takes_orders

__all__ = ["command"]


@click.command("start")
@click.option("--version", default="", metavar="VERSION", help="What you call the new ones; hooks are told.")
@takes_orders
def command(asked: Asked, version: str) -> None:
    """Replace all endpoints of an upstream, a few at a time.

    Each gets no more requests, is replaced by the hook `replace` once it is empty, becomes ready, and is watched beside those not yet replaced. Where the new ones fail, all are put back in reverse order.

    \b
    Examples:
      reliakit rolling start shop --version 2.4.1
      reliakit rolling start shop --reason "new certificates"

    Exit code 1 where that makes no sense now, as while another replacement is under way.
    """
    asked.start(version)
