"""`reliakit rollout promote`: takes a release a step further, or to everybody."""

import click

from reliakit.cli.rollout.ordering import Asked, takes_orders
from reliakit.rollouts.orders import Order, Orders

__all__ = ["command"]


@click.command("promote")
@click.option("--full", is_flag=True, help="To everybody at once.")
@takes_orders
def command(asked: Asked, full: bool) -> None:
    """Take a release to its next step, or to everybody.

    Whatever the evidence says: the journal has it beside your name.

    \b
    Examples:
      reliakit rollout promote shop --reason "looked at the dashboards"
      reliakit rollout promote shop --full

    Exit code 1 where that makes no sense now.
    """
    asked.do(Order(Orders.PROMOTE, full=full))
