"""Several applications in one process start and stop together, and one that fails takes nobody with it."""

import asyncio
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from tests.middleware.shop import SHOP, answering, outcomes

ALL_GREEN = {**SHOP, "rollouts": {"shop": {**SHOP["rollouts"]["shop"], "weight": 100}}}


def starlette(name: str, events: list[str], *, fails: bool = False) -> Starlette:
    """An app whose lifespan leaves a trace and a state."""
    from contextlib import asynccontextmanager

    @asynccontextmanager
    async def lifespan(app: Starlette) -> Any:
        if fails:
            raise RuntimeError("no database")
        events.append(f"{name} up")
        yield {"name": name}
        events.append(f"{name} down")

    async def page(request: Request) -> PlainTextResponse:
        return PlainTextResponse(request.state.name)

    return Starlette(routes=[Route("/{path:path}", page)], lifespan=lifespan)


def test_both_lifespans_run_and_each_app_sees_its_own_state(kit_of: Any) -> None:
    """Otherwise a canary would run without its database, or with stable's."""
    events: list[str] = []
    kit = kit_of(ALL_GREEN)
    app = kit.asgi(starlette("v1", events), upstreams={"shop-v2": starlette("v2", events)})
    with TestClient(app) as client:
        assert client.get("/shop").text == "v2"
        assert client.get("/other").text == "v1"
        assert sorted(events) == ["v1 up", "v2 up"]
        assert kit.status().engine
    assert sorted(events) == ["v1 down", "v1 up", "v2 down", "v2 up"]
    assert not kit.status().engine


def test_a_canary_that_fails_to_start_gets_no_traffic(kit_of: Any) -> None:
    """Otherwise a release that can't start would be an outage."""
    events: list[str] = []
    kit = kit_of(ALL_GREEN)
    app = kit.asgi(starlette("v1", events), upstreams={"shop-v2": starlette("v2", events, fails=True)})
    with TestClient(app) as client:
        assert [client.get("/shop").text for _ in range(3)] == ["v1"] * 3
    assert outcomes(kit) == {("shop", "blue", "fallback"): {"SUCCESS": 3}}


def test_a_failure_of_the_wrapped_app_reaches_the_server(kit_of: Any) -> None:
    """Otherwise the server would serve an app that is not up."""
    events: list[str] = []
    app = kit_of(SHOP).asgi(
        starlette("v1", events, fails=True), upstreams={"shop-v2": starlette("v2", events)}
    )
    with pytest.raises(RuntimeError, match="no database"), TestClient(app):
        raise AssertionError("the app must not be served")
    assert events == ["v2 up", "v2 down"]


def test_an_app_without_a_lifespan_still_lets_the_others_have_theirs(kit_of: Any) -> None:
    """Otherwise wrapping Django would leave a canary unstarted."""
    events: list[str] = []

    async def without(connection: Any, receive: Any, send: Any) -> None:
        assert connection["type"] == "http"
        await answering("v1")(connection, receive, send)

    app = kit_of(ALL_GREEN).asgi(without, upstreams={"shop-v2": starlette("v2", events)})
    with TestClient(app) as client:
        assert client.get("/shop").text == "v2"
    assert events == ["v2 up", "v2 down"]


def test_a_canary_without_a_lifespan_is_served(kit_of: Any) -> None:
    """Otherwise plain ASGI apps could not be canaries."""
    app = kit_of(ALL_GREEN).asgi(starlette("v1", []), upstreams={"shop-v2": answering("v2")})
    with TestClient(app) as client:
        assert client.get("/shop").text == "v2"


def test_an_upstream_that_nobody_registered_falls_back(kit_of: Any) -> None:
    """Otherwise a typing error in the definitions would be an outage."""
    kit = kit_of(ALL_GREEN)
    with TestClient(kit.asgi(starlette("v1", []))) as client:
        assert client.get("/shop").text == "v1"
    assert outcomes(kit) == {("shop", "blue", "fallback"): {"SUCCESS": 1}}


def test_no_task_outlives_the_lifespan(kit_of: Any) -> None:
    """Otherwise restarts under a reloader would leak."""
    app = kit_of(ALL_GREEN).asgi(starlette("v1", []), upstreams={"shop-v2": starlette("v2", [])})
    told: asyncio.Queue[dict[str, str]]

    async def cycle() -> int:
        nonlocal told
        told = asyncio.Queue()
        said: list[str] = []
        told.put_nowait({"type": "lifespan.startup"})
        told.put_nowait({"type": "lifespan.shutdown"})

        async def send(message: Any) -> None:
            said.append(message["type"])

        await app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, told.get, send)
        assert said == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
        return len(asyncio.all_tasks()) - 1

    assert asyncio.run(cycle()) == 0
