"""`reliakit rollout`: what people do about a rollout, one file for each command."""

import click

from reliakit.cli.lazy import LazyGroup

__all__ = ["command"]

_COMMANDS = {
    "plan": "reliakit.cli.rollout.plan",
    "start": "reliakit.cli.rollout.start",
    "status": "reliakit.cli.rollout.status",
    "history": "reliakit.cli.rollout.history",
    "explain": "reliakit.cli.rollout.explain",
    "promote": "reliakit.cli.rollout.promote",
    "pause": "reliakit.cli.rollout.pause",
    "resume": "reliakit.cli.rollout.resume",
    "abort": "reliakit.cli.rollout.abort",
    "retry": "reliakit.cli.rollout.retry",
    "rollback": "reliakit.cli.rollout.rollback",
}
"""Each module holds its command under the name `command`."""


@click.group("rollout", cls=LazyGroup, modules=_COMMANDS)
def command() -> None:
    """Plan releases, start them, look at them and overrule them.

    An order is carried out by this command itself, on the state that the workers share: it needs no worker, and takes effect in each as soon as that hears of it.

    \b
    Examples:
      reliakit rollout plan shop --rps 5
      reliakit rollout start shop --to green --version 2.4.1
      reliakit rollout status shop --watch
      reliakit rollout abort shop --reason "wrong version"
    """
