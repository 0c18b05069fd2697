"""`reliakit rolling`: what people do about the replacement of an upstream's endpoints, one file for each command."""

import click

from reliakit.cli.lazy import LazyGroup

__all__ = ["command"]

_COMMANDS = {
    "start": "reliakit.cli.rolling.start",
    "status": "reliakit.cli.rolling.status",
    "pause": "reliakit.cli.rolling.pause",
    "resume": "reliakit.cli.rolling.resume",
    "abort": "reliakit.cli.rolling.abort",
    "retry": "reliakit.cli.rolling.retry",
}
"""Each module holds its command under the name `command`."""


@click.group("rolling", cls=LazyGroup, modules=_COMMANDS)
def command() -> None:
    """Replace endpoints a few at a time, look at it and overrule it.

    An order is written to the state that the workers share; one of them carries it out, by the hooks of `rolling` in the definitions.

    \b
    Examples:
      reliakit rolling start shop --version 2.4.1
      reliakit rolling status shop --watch
      reliakit rolling abort shop --reason "wrong version"
    """
