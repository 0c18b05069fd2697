"""The middleware and the lifespan in FastAPI and Starlette."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse
from starlette.routing import Route

from reliakit import Reliakit, UsageError
from reliakit_fastapi import Kit, ReliakitMiddleware, lifespan
from tests.middleware.shop import SHOP, outcomes

FLAGS: dict[str, Any] = {"identity": {"targeting_key": ["identified"]}, "flags": {"half": {"percentage": 50}}}


def running(kit: Reliakit) -> bool:
    return kit.status().engine


@pytest.mark.parametrize("framework", [FastAPI, Starlette])
def test_the_engine_lives_as_long_as_an_app_without_a_lifespan(framework: Any, kit_of) -> None:
    """Otherwise edits would not arrive, or a worker would hang when it is to stop."""
    kit = kit_of(FLAGS)
    app = framework()
    app.add_middleware(ReliakitMiddleware, kit=kit)
    with TestClient(app):
        assert running(kit)
    assert not running(kit)


@pytest.mark.parametrize("way", ["middleware", "lifespan"])
def test_the_apps_own_lifespan_runs_inside_of_ours(way: str, kit_of) -> None:
    """Otherwise an app would lose its database, or its startup could not ask flags."""
    kit, told = kit_of(FLAGS), []

    @asynccontextmanager
    async def own(app: FastAPI) -> AsyncIterator[dict[str, str]]:
        told.append(("start", running(kit), app.state.reliakit is kit))
        yield {"database": "there"}
        told.append(("stop", running(kit), True))

    app = FastAPI(lifespan=lifespan(kit, own) if way == "lifespan" else own)
    if way == "middleware":
        app.add_middleware(ReliakitMiddleware, kit=kit)

    @app.get("/")
    def page(request: Request, found: Kit) -> list[Any]:
        return [request.state.database, found is kit]

    with TestClient(app) as client:
        assert client.get("/").json() == ["there", True]
    assert told == [("start", True, True), ("stop", True, True)]
    assert not running(kit)


def test_a_lifespan_that_fails_to_start_is_reported(kit_of) -> None:
    """Otherwise an app without its database would take requests."""
    kit = kit_of(FLAGS)

    @asynccontextmanager
    async def own(app: FastAPI) -> AsyncIterator[None]:
        raise LookupError("no database")
        yield

    with pytest.raises(LookupError, match="no database"), TestClient(FastAPI(lifespan=lifespan(kit, own))):
        pass
    assert not running(kit)


def test_without_a_lifespan_of_the_app_ours_still_runs(kit_of) -> None:
    """Otherwise small apps would have to write an empty one."""
    kit = kit_of(FLAGS)
    with TestClient(FastAPI(lifespan=lifespan(kit))):
        assert running(kit)
    assert not running(kit)


def test_who_sent_a_request_may_be_known_before_the_app(kit_of) -> None:
    """Otherwise rollouts could not go by what a session says."""
    kit = kit_of(FLAGS)

    def session(connection: HTTPConnection) -> str | None:
        return connection.cookies.get("session")

    async def page(request: Any) -> JSONResponse:
        return JSONResponse([kit.enabled("half"), request.app.state.reliakit is kit])

    app = Starlette(routes=[Route("/", page)])
    app.add_middleware(ReliakitMiddleware, kit=kit, identify=session)
    with TestClient(app) as client:
        for user in ("user-1", "user-2", "user-3", "user-4", "user-5"):
            client.cookies.set("session", user)
            assert client.get("/").json() == [kit.enabled("half", user), True]


def test_two_apps_of_one_process_share_the_requests_of_a_rollout(kit_of) -> None:
    """Otherwise a new version would get nobody, or could not find its kit and database."""
    kit = kit_of(SHOP)
    told: list[str] = []

    def version(name: str) -> FastAPI:
        @asynccontextmanager
        async def own(app: FastAPI) -> AsyncIterator[dict[str, str]]:
            told.append(name)
            yield {"name": name}

        app = FastAPI(lifespan=own)

        @app.get("/shop/{item}")
        def item(request: Request, item: int, found: Kit) -> list[Any]:
            if item == 7:
                raise LookupError(item)
            return [request.state.name, found is kit]

        return app

    app = version("v1")
    app.add_middleware(ReliakitMiddleware, kit=kit, upstreams={"shop-v2": version("v2")})
    with TestClient(app, raise_server_exceptions=False) as client:
        seen = set()
        for _ in range(40):
            client.cookies.clear()
            seen.add(tuple(client.get("/shop/1").json()))
        assert client.get("/shop/7").status_code == 500
    assert seen == {("v1", True), ("v2", True)}
    assert sorted(told) == ["v1", "v2"]
    counted = [row for name, row in outcomes(kit).items() if name[0] == "shop"]
    assert sum(row.get("SUCCESS", 0) for row in counted) == 40
    assert sum(row.get("ERROR", 0) for row in counted) == 1


def test_an_upstream_without_a_definition_is_refused(kit_of) -> None:
    """Otherwise a slip of the pen would keep the new version without traffic."""
    app = FastAPI()
    app.add_middleware(ReliakitMiddleware, kit=kit_of(SHOP), upstreams={"shop-v3": FastAPI()})
    with pytest.raises(UsageError, match="shop-v3"), TestClient(app):
        pass


def test_a_bypassed_kit_leaves_the_app_as_it_is(monkeypatch: pytest.MonkeyPatch, kit_of) -> None:
    """Otherwise the way out in an emergency would be none."""
    monkeypatch.setenv("RELIAKIT_BYPASS", "1")
    kit = kit_of(FLAGS)
    app = FastAPI()
    app.add_middleware(ReliakitMiddleware, kit=kit)

    @app.get("/")
    def page(found: Kit) -> bool:
        return found.enabled("half", "user-1", default=True)

    with TestClient(app) as client:
        assert client.get("/").json() is True
