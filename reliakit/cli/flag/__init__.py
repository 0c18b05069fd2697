"""`reliakit flag`: what people pin flags to, one file for each command."""

import click

from reliakit.cli.lazy import LazyGroup

__all__ = ["command"]

_COMMANDS = {
    "list": "reliakit.cli.flag.listing",
    "disable": "reliakit.cli.flag.disable",
    "enable": "reliakit.cli.flag.enable",
    "set": "reliakit.cli.flag.setting",
    "clear": "reliakit.cli.flag.clear",
}
"""Each module holds its command under the name `command`."""


@click.group("flag", cls=LazyGroup, modules=_COMMANDS)
def command() -> None:
    """Switch flags for everybody, over what the file says.

    A pin is kept in the store and wins over the file in every worker that shares it, until it ends or somebody clears it. RELIAKIT_FLAG_ variables of a process win over pins.

    \b
    Examples:
      reliakit flag disable new_checkout --for 4h --reason "payments time out"
      reliakit flag list
      reliakit flag clear new_checkout --reason "payments are back"
    """
