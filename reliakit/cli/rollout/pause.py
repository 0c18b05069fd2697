"""`reliakit rollout pause`: holds a release where it is."""

import click

from reliakit.cli.rollout.ordering import Asked, takes_orders
from reliakit.rollouts.orders import Order, Orders

__all__ = ["command"]


@click.command("pause")
@takes_orders
def command(asked: Asked) -> None:
    """Hold a release at its weight.

    It stays there until somebody resumes, promotes or aborts it. What speaks against it still rolls it back.

    \b
    Example:
      reliakit rollout pause shop --reason "the database is being moved"

    Exit code 1 where that makes no sense now.
    """
    asked.do(Order(Orders.PAUSE))
