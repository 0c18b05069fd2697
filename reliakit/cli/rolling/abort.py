"""`reliakit rolling abort`: stops a replacement and has it undone."""

import click

from reliakit.cli.rolling.ordering import Asked, takes_orders
from reliakit.failover.rolling.controller import Orders

__all__ = ["command"]


@click.command("abort")
@takes_orders
def command(asked: Asked) -> None:
    """Stop a replacement, and put back what was replaced.

    That is done in reverse order, by the hook `undo`. The replacement has Failed then; start begins another one.

    \b
    Example:
      reliakit rolling abort shop --reason "wrong version"

    Exit code 1 where that makes no sense now.
    """
    asked.order(Orders.ABORT)
