"""The shop: one Starlette application in several versions, behind the middleware. uvicorn's workers run this."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from reliakit import Reliakit
from reliakit.cli.demo import orphans
from reliakit.cli.demo.metrics import Point, counted, exported, start_metrics
from reliakit.middleware.protocol import ASGIApp

__all__ = ["BAD", "BLUE", "DEPLOYED", "FILE", "GOOD", "GREEN", "OLD", "TOKEN", "create"]

FILE, DEPLOYED, TOKEN = "RELIAKIT_DEMO_FILE", "RELIAKIT_DEMO_DEPLOYED", "RELIAKIT_DEMO_TOKEN"
"""Environment variables: the flags file, the file that says which version is deployed in the green slot, and what tells
this demo's server from anybody else's."""
BLUE, GREEN = "blue", "green"
OLD, BAD, GOOD = "1.9", "2.0", "2.1"

_BANNER, _SEARCH, _CHECKOUT, _OPS = "banner", "fast_search", "new_checkout", "recommendations"


@dataclass(frozen=True, slots=True)
class _Version:
    """Seconds that a page takes, and the share of pages that fail."""

    work: float = 0.004
    failing: float = 0.002


_VERSIONS = {OLD: _Version(), BAD: _Version(0.008, 0.1), GOOD: _Version()}


def create() -> ASGIApp:
    """Returns the application, for `uvicorn --factory`."""
    orphans.watch()
    reader = start_metrics()
    kit = Reliakit(os.environ[FILE])
    deployed = Path(os.environ[DEPLOYED])

    async def status(request: Request) -> JSONResponse:
        return JSONResponse(_status(kit, exported(reader)))

    blue = Starlette(routes=[Route("/shop", _page(kit, BLUE, lambda: OLD)), Route("/status", status)])
    # Read at each request: the version changes while the server runs, as a deployment would change it.
    green = Starlette(routes=[Route("/shop", _page(kit, GREEN, deployed.read_text))])
    return kit.asgi(blue, upstreams={"shop-green": green})


def _page(kit: Reliakit, slot: str, deployed: Callable[[], str]) -> Any:
    """Returns the shop's page, in whatever version is deployed."""
    chance = Random()  # noqa: S311 - luck, not a secret

    async def page(request: Request) -> JSONResponse:
        name = deployed()
        version = _VERSIONS[name]
        kit.identify(None, plan=request.cookies.get("plan", "free"))
        await asyncio.sleep(chance.uniform(0.5, 1.5) * version.work)
        flags = [
            kit.evaluate(_BANNER, "#444"),
            *(kit.evaluate(key, False) for key in (_SEARCH, _CHECKOUT, _OPS)),
        ]
        answer = {
            "slot": slot,
            "version": name,
            "revision": kit.revision,
            "worker": os.getpid(),
            "flags": {each.flag_key: (each.variant, each.reason) for each in flags},
        }
        return JSONResponse(answer, 500 if chance.random() < version.failing else 200)

    return page


def _status(kit: Reliakit, points: list[Point]) -> dict[str, Any]:
    """What this worker knows of itself: problems of its definitions, and what it exports."""
    return {
        "token": os.environ[TOKEN],
        "worker": os.getpid(),
        "problems": [str(problem) for problem in kit.status().problems],
        "counted": counted(points).data(),
        "metrics": [str(point) for point in points],
    }
