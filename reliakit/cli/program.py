"""The program: finds the command, and turns our errors into one line and an exit code.

A command's module is imported when the command is wanted, so that none pays for what another needs.
"""

import os
from collections.abc import Sequence
from importlib import import_module

import click

from reliakit.cli.printing import Failure
from reliakit.errors import ReliakitError

__all__ = ["main", "program"]

_COMMANDS = {
    "check": "reliakit.cli.check",
    "demo": "reliakit.cli.demo.command",
    "diff": "reliakit.cli.diff",
    "eval": "reliakit.cli.evaluate",
    "override": "reliakit.cli.override",
    "schema": "reliakit.cli.schema",
}
"""Each module holds its command under the name `command`."""


class _Program(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        found: click.Command = import_module(_COMMANDS[cmd_name]).command
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            from reliakit.definitions.problems import did_you_mean

            close = did_you_mean(args[0], _COMMANDS)
            hint = f"did you mean {close!r}?" if close else f"the commands are {', '.join(_COMMANDS)}"
            ctx.fail(f"there is no command {args[0]!r}; {hint}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except ReliakitError as failed:
            raise Failure(str(failed)) from failed


@click.group(
    cls=_Program,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 all is fine; 1 problems were found; 2 wrong usage, or a file that can't be used.",
)
@click.version_option(package_name="reliakit", message="reliakit %(version)s")
@click.pass_context
def program(ctx: click.Context) -> None:
    """Feature flags, releases and resilience inside a Python web process.

    \b
    Start here:
      reliakit demo                  watch flags and a canary at work, for half a minute
      reliakit check reliakit.yaml   find every mistake in a definitions file

    Colours and tables are for terminals (NO_COLOR turns the colours off); in a pipe the output is plain lines.
    """
    if os.environ.get("NO_COLOR"):  # which click does not know
        ctx.color = False


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line and exits.

    Args:
        arguments: what follows the program's name; those of the process by default.
    """
    program(arguments, prog_name="reliakit")
