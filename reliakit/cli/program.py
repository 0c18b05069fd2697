"""The program: finds the command, and turns our errors into one line and an exit code."""

import os
from collections.abc import Sequence

import click

from reliakit.cli.lazy import LazyGroup
from reliakit.cli.printing import Failure
from reliakit.errors import ReliakitError

__all__ = ["main", "program"]

_COMMANDS = {
    "check": "reliakit.cli.check",
    "demo": "reliakit.cli.demo.command",
    "diff": "reliakit.cli.diff",
    "eval": "reliakit.cli.evaluate",
    "failover": "reliakit.cli.failover",
    "flag": "reliakit.cli.flag",
    "journal": "reliakit.cli.journal",
    "metrics": "reliakit.cli.metrics",
    "override": "reliakit.cli.override",
    "rolling": "reliakit.cli.rolling",
    "rollout": "reliakit.cli.rollout",
    "schema": "reliakit.cli.schema",
    "serve": "reliakit.cli.serve.command",
    "status": "reliakit.cli.status",
    "store": "reliakit.cli.store",
}
"""Each module holds its command under the name `command`."""


class _Program(LazyGroup):
    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except ReliakitError as failed:
            raise Failure(str(failed)) from failed


@click.group(
    cls=_Program,
    modules=_COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 all is fine; 1 problems were found; 2 wrong usage, or a file that can't be used.",
)
@click.version_option(package_name="reliakit", message="reliakit %(version)s")
@click.pass_context
def program(ctx: click.Context) -> None:
    """Feature flags, releases and resilience inside a Python web process.

    \b
    Start here:
      reliakit demo                  watch flags and releases at work, for about a minute
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
