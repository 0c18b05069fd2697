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
    metavar="N",
    help="How long the users shop, 5 to 600; by default as long as the story takes.",
)
@click.option(
    "--store",
    default="sqlite",
    show_default=True,
    metavar="URL",
    help="What the workers share: redis://… or postgresql://… in place of a file.",
)
@click.pass_context
def command(ctx: click.Context, seconds: int | None, store: str) -> None:
    """Watch flags and releases that judge themselves, on a real server.

    A few hundred users shop at a server of several workers, on a free port of this machine. The flags file is edited (you can too: its path is shown); a bad release is started, caught and rolled back; a good one is promoted step by step, though a worker is killed meanwhile. The same bad release is then caught between two processes behind the gateway, and a server, a zone and a region are lost behind it. At the end it checks that no answer was lost, that every worker followed, and that all counted what the clients saw.

    It takes about a minute. Nothing is left behind: in a server that --store names, it has a namespace of its own, and drops that.

    \b
    Examples:
      reliakit demo
      reliakit demo --seconds 300
      reliakit demo --store redis://localhost

    Exit code 1 where something it promises did not happen.
    """
    if not all(map(_is_installed, _NEEDED)):
        raise MissingExtraError("the demo", "demo")
    import asyncio

    from reliakit.cli.demo.run import run

    try:
        kept = asyncio.run(run(seconds, store))
    except (KeyboardInterrupt, asyncio.CancelledError):
        tell("stopped; the server and its files are gone")
        ctx.exit(_STOPPED)
    ctx.exit(0 if kept else 1)


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # the package around it is missing
        return False
