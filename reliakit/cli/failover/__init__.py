"""`reliakit failover`: what people do about the regions of an upstream, one file for each command."""

import click

from reliakit.cli.lazy import LazyGroup

__all__ = ["command"]

_COMMANDS = {
    "status": "reliakit.cli.failover.status",
    "start": "reliakit.cli.failover.start",
    "drill": "reliakit.cli.failover.drill",
    "back": "reliakit.cli.failover.back",
    "cancel": "reliakit.cli.failover.cancel",
    "retry": "reliakit.cli.failover.retry",
}
"""Each module holds its command under the name `command`."""


@click.group("failover", cls=LazyGroup, modules=_COMMANDS)
def command() -> None:
    """Move traffic between regions, and rehearse that.

    An order is carried out by this command itself, on the state that the workers share: it needs no worker, and takes effect in each as soon as that hears of it. Whatever has to be prepared is prepared by the workers.

    \b
    Examples:
      reliakit failover status shop
      reliakit failover drill shop --reason "the yearly one"
      reliakit failover start shop --to us --reason "eu is going down at noon"
      reliakit failover back shop
    """
