"""The shop: one Starlette application in two versions, behind the middleware. uvicorn's workers run this."""

import asyncio
import os
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

__all__ = ["FILE", "TOKEN", "create"]

FILE, TOKEN = "RELIAKIT_DEMO_FILE", "RELIAKIT_DEMO_TOKEN"
"""Environment variables: the flags file, and what tells this demo's server from anybody else's."""

_BANNER, _SEARCH, _CHECKOUT, _OPS = "banner", "fast_search", "new_checkout", "recommendations"
_FAILING = 0.02


def create() -> ASGIApp:
    """Returns the application, for `uvicorn --factory`."""
    orphans.watch()
    reader = start_metrics()
    kit = Reliakit(os.environ[FILE])

    async def status(request: Request) -> JSONResponse:
        return JSONResponse(_status(kit, exported(reader)))

    stable = Starlette(routes=[Route("/shop", _page(kit, "v1", 0.004, 0.0)), Route("/status", status)])
    canary = Starlette(routes=[Route("/shop", _page(kit, "v2", 0.008, _FAILING))])
    return kit.asgi(stable, upstreams={"shop-v2": canary})


def _page(kit: Reliakit, version: str, work: float, failing: float) -> Any:
    """Returns the shop's page: `work` is its seconds, `failing` the share of its answers that are errors."""
    chance = Random()  # noqa: S311 - luck, not a secret

    async def page(request: Request) -> JSONResponse:
        kit.identify(None, plan=request.cookies.get("plan", "free"))
        await asyncio.sleep(chance.uniform(0.5, 1.5) * work)
        flags = [
            kit.evaluate(_BANNER, "#444"),
            *(kit.evaluate(key, False) for key in (_SEARCH, _CHECKOUT, _OPS)),
        ]
        answer = {
            "version": version,
            "revision": kit.revision,
            "worker": os.getpid(),
            "flags": {each.flag_key: (each.variant, each.reason) for each in flags},
        }
        return JSONResponse(answer, 500 if chance.random() < failing else 200)

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
