"""Definitions, live workers and commands for the tests of operations."""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from reliakit import Reliakit
from reliakit.cli.program import program

__all__ = ["SHOP", "Shop", "objects", "said", "serving", "written"]

SHOP = """\
format: 1
store: {store}
flags:
  new_checkout: {{percentage: 100}}
  banner:
    variants: {{plain: "#444", loud: "#f60"}}
    split: {{plain: 90, loud: 10}}
  search:
    variants: {{off: none, fast: f}}
    default: fast
upstreams: {{shop-v2: in_process}}
rollouts:
  shop:
    slots: {{blue: {{upstream: app}}, green: {{upstream: shop-v2}}}}
    initial: blue
    steps: [50, 80]
  fixed:
    slots: {{blue: {{upstream: app}}, green: {{upstream: shop-v2}}}}
    initial: blue
    weight: 10
routes:
  - {{path_prefix: /, rollout: shop}}
"""


def written(folder: Path, store: str = "sqlite") -> Path:
    """Writes the definitions, long enough ago for nobody to wait until they rest."""
    file = folder / "reliakit.yaml"
    file.write_text(SHOP.format(store=store))
    os.utime(file, (time.time() - 60,) * 2)
    return file


def said(folder: Path, *arguments: str, code: int = 0) -> str:
    """Runs the command beside the definitions, within this process, which is ten times as fast as a new one; returns
    what it printed.
    """
    with chdir(folder):
        done = CliRunner().invoke(program, arguments, prog_name="reliakit")
    assert done.exit_code == code, done.output
    return done.stdout


class Shop:
    """A live worker: an application with two versions of itself, of which the new one can be broken."""

    def __init__(self, kit: Reliakit, client: TestClient) -> None:
        self.kit, self.client = kit, client
        self.broken = False

    def visit(self, count: int = 1) -> None:
        """Sends visitors whom nobody has seen before."""
        for _ in range(count):
            self.client.cookies.clear()
            self.client.get("/")

    def until(self, holds: Callable[[], Any], within: float = 20.0, visitors: int = 0) -> Any:
        """Waits, bounded, and sends visitors meanwhile."""
        end = time.monotonic() + within
        while not (found := holds()):
            assert time.monotonic() < end, f"did not happen within {within:g} s"
            self.visit(visitors)
            time.sleep(0.02)
        return found

    def state(self) -> Any:
        """Where this worker has the rollout in force."""
        found = self.kit._joined.fleet.states.get("shop")
        return found and found.state


@contextmanager
def serving(file: Path) -> Iterator[Shop]:
    """Runs a worker of these definitions in this process, with the engine that any server has."""
    kit = Reliakit(file)

    async def old(request: Request) -> PlainTextResponse:
        return PlainTextResponse("blue")

    async def new(request: Request) -> PlainTextResponse:
        return PlainTextResponse("green", 500 if shop.broken else 200)

    versions = [Starlette(routes=[Route("/", page)]) for page in (old, new)]
    with TestClient(kit.asgi(versions[0], upstreams={"shop-v2": versions[1]})) as client:
        shop = Shop(kit, client)
        try:
            kit.enabled("new_checkout", "anybody")
            yield shop
        finally:
            assert kit.close(), "the engine did not stop"


def objects(text: str) -> list[Any]:
    """Reads a JSON object a line."""
    return [json.loads(line) for line in text.splitlines()]
