"""`reliakit rollout start`: begins a release."""

import click

from reliakit.cli.rollout.ordering import Asked, takes_orders
from reliakit.rollouts.orders import Order, Orders

__all__ = ["command"]


@click.command("start")
@click.option(
    "--to", "slot", default="", metavar="SLOT", help="Where the version runs; the slot that is not stable."
)
@click.option("--version", required=True, metavar="VERSION", help="What you call it.")
@takes_orders
def command(asked: Asked, slot: str, version: str) -> None:
    """Begin a release.

    It is Pending until the slot serves requests, and starts at the first step.

    \b
    Example:
      reliakit rollout start shop --to green --version 2.4.1

    Exit code 1 where that makes no sense now, as while another release is under way.
    """
    asked.do(Order(Orders.START, slot, version))
