"""The command: looks for what the demo needs, runs it, and turns what it found into an exit code."""

from importlib.util import find_spec

import click

from reliakit.cli.printing import tell
from reliakit.errors import MissingExtraError

__all__ = ["command"]

_NEEDED = ("starlette", "uvicorn", "aiohttp", "opentelemetry.sdk")
_STOPPED = 130


@click.command("demo")
@click.option(
    "--seconds",
    type=click.IntRange(5, 600),
    default=30,
    show_default=True,
    metavar="N",
    help="How long the users shop, 5 to 600; starting and stopping come on top.",
)
@click.pass_context
def command(ctx: click.Context, seconds: int) -> None:
    """Watch flags and a canary at work on a real server.

    Two versions of a shop, a few hundred users: it starts uvicorn with two workers on a free port of this machine, lets users with cookies shop, edits the flags
    file half-way (so can you: it shows the path), and checks that every worker followed, that nobody lost what they
    had, and that the server counted what the clients saw. Nothing is left behind.

    \b
    Examples:
      reliakit demo
      reliakit demo --seconds 55

    Exit code 1 where something it promises did not happen.
    """
    if not all(map(_is_installed, _NEEDED)):
        raise MissingExtraError("the demo", "demo")
    import asyncio

    from reliakit.cli.demo.run import run

    try:
        kept = asyncio.run(run(seconds))
    except (KeyboardInterrupt, asyncio.CancelledError):
        tell("stopped; the server and its files are gone")
        ctx.exit(_STOPPED)
    ctx.exit(0 if kept else 1)


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # the package around it is missing
        return False
