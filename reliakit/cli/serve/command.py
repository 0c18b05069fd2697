"""`reliakit serve`: the gateway."""

import asyncio
import logging
import os
from collections.abc import Callable
from contextlib import AsyncExitStack
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from reliakit.cli.files import FILE
from reliakit.cli.serve.plan import Plan, planned
from reliakit.errors import MissingExtraError

__all__ = ["command"]


@click.command("serve")
@click.argument("file", type=FILE, default="reliakit.yaml", envvar="RELIAKIT_CONFIG")
@click.option("--address", help="Where to listen; an address of this host, or unix:/path.")
@click.option("--port", type=click.IntRange(0, 65_535), help="Of the address.")
@click.option(
    "--admin", metavar="HOST:PORT", help="Where health, status and metrics are shown; off for nowhere."
)
@click.option("--workers", type=click.IntRange(1, 512), help="Processes that share the port.")
@click.option("--server", type=click.Choice(["uvicorn", "granian"]), help="What speaks HTTP to clients.")
@click.option("--access-log", type=click.Choice(["off", "text", "json"]), help="A line for each request.")
@click.option("--store", metavar="URL", help="The store; by default what the definitions say.")
def command(file: Path, store: str | None, **instead: Any) -> None:
    """Be the gateway before upstreams.

    Requests are passed on by the routes and rollouts of a definitions file. What is not said here stands in the section `listen` of the file.

    \b
    Examples:
      reliakit serve reliakit.yaml
      reliakit serve --workers 4 --address 0.0.0.0 --port 80
      kill -HUP $(pidof reliakit)     replaces the workers, and loses no connection
    """
    logging.basicConfig(level=logging.INFO, format=f"%(asctime)s {os.getpid()} %(levelname)s %(message)s")

    def again() -> Plan:
        return planned(file, store, instead)

    _importable(again().server)
    asyncio.run(_served(again(), again))


def _importable(server: str) -> None:
    """Says what is missing once, and not from each worker.

    Raises:
        MissingExtraError: what the extra brings is not installed.
    """
    import_module("reliakit.cli.serve.uvicorn_server")
    if server == "granian" and find_spec("granian") is None:
        raise MissingExtraError("a gateway on granian", "granian")


async def _served(plan: Plan, again: Callable[[], Plan]) -> None:
    from reliakit.cli.serve.admin import Admin
    from reliakit.cli.serve.listening import listening, listening_for_admin
    from reliakit.cli.serve.supervisor import Supervisor
    from reliakit.cli.serve.uvicorn_server import beside

    async with AsyncExitStack() as stack:
        listener = stack.enter_context(listening(plan.address, plan.port))
        supervisor = Supervisor(plan, again, listener)
        admin = listening_for_admin(plan.admin)
        if admin is not None:
            app = Admin(supervisor, Path(plan.file), plan.store)
            await stack.enter_async_context(beside(app, admin))
        await supervisor.run()
