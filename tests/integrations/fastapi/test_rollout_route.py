"""Routes that have two endpoints."""

from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException, Response
from fastapi.testclient import TestClient
from pydantic import BaseModel

from reliakit import Reliakit, UsageError
from reliakit_fastapi import ReliakitMiddleware, identify, rollout_route
from tests.middleware.shop import outcomes

DEFINITIONS: dict[str, Any] = {
    "identity": {"targeting_key": ["identified"]},
    "rollouts": {"search": {"slots": {"old": {}, "new": {}}, "initial": "old", "weight": 50}},
}
USERS = [f"user-{number}" for number in range(12)]


class Found(BaseModel):
    by: str
    query: str


def current_user(x_user: Annotated[str, Header()]) -> str:
    return x_user


@pytest.fixture
def kit(kit_of) -> Reliakit:
    return kit_of(DEFINITIONS)


def serve(kit: Reliakit, router: APIRouter, **include: Any) -> TestClient:
    app = FastAPI(dependencies=[Depends(identify(current_user))])
    app.add_middleware(ReliakitMiddleware, kit=kit)
    app.include_router(router, **include)
    return TestClient(app, raise_server_exceptions=False)


def asynchronous(kit: Reliakit, router: APIRouter) -> None:
    @router.get("/search/{query}")
    @rollout_route(kit, "search")
    async def search(query: str) -> Found:
        return Found(by="old", query=query)

    @search.canary
    async def search_v2(query: str) -> Found:
        return Found(by="new", query=query)


def synchronous(kit: Reliakit, router: APIRouter) -> None:
    @router.get("/search/{query}")
    @rollout_route(kit, "search")
    def search(query: str) -> Found:
        return Found(by="old", query=query)

    @search.canary
    def search_v2(query: str) -> Found:
        return Found(by="new", query=query)


@pytest.mark.parametrize("write", [asynchronous, synchronous])
def test_a_share_of_users_gets_the_other_endpoint_and_keeps_it(write: Any, kit) -> None:
    """Otherwise a new version of a route could only be tried on everybody."""
    router = APIRouter()
    write(kit, router)
    with serve(kit, router) as client:
        first = {u: client.get("/search/q", headers={"X-User": u}).json()["by"] for u in USERS}
        again = {u: client.get("/search/q", headers={"X-User": u}).json()["by"] for u in USERS}
    assert first == again
    assert set(first.values()) == {"old", "new"}
    rows = [row for name, row in outcomes(kit).items() if name[0] == "search"]
    assert sum(row.get("SUCCESS", 0) for row in rows) == 2 * len(USERS)


def test_whoever_may_not_see_the_route_may_not_see_its_canary(kit) -> None:
    """Otherwise a canary would be a hole in the wall around a router."""
    router = APIRouter()

    @router.get("/search")
    @rollout_route(kit, "search")
    def search() -> str:
        return "old"

    @search.canary
    def search_v2() -> str:
        return "new"

    def closed() -> None:
        raise HTTPException(403)

    with serve(kit, router, prefix="/in", dependencies=[Depends(closed)]) as client:
        assert {client.get("/in/search", headers={"X-User": u}).status_code for u in USERS} == {403}
    assert not [name for name in outcomes(kit) if name[0] == "search"]


@pytest.mark.parametrize(
    ("does", "status", "outcome"),
    [
        (lambda: "fine", 200, "SUCCESS"),
        (HTTPException(404), 404, "SUCCESS"),
        (HTTPException(503), 503, "ERROR"),
        (lambda: Response(status_code=502), 502, "ERROR"),
        (LookupError("bug"), 500, "ERROR"),
        (lambda: Response(status_code=400), 400, "SUCCESS"),
    ],
    ids=["fine", "404 raised", "503 raised", "502 returned", "bug", "400 returned"],
)
@pytest.mark.parametrize("kind", ["async", "sync"])
def test_it_is_judged_by_its_response(does: Any, status: int, outcome: str, kind: str, kit) -> None:
    """Otherwise a wrong path that somebody typed would roll a release back, and a broken one would pass."""

    def act() -> Any:
        if isinstance(does, Exception):
            raise does
        return does()

    async def act_later() -> Any:
        return act()

    router, endpoint = APIRouter(), act if kind == "sync" else act_later
    both = rollout_route(kit, "search")(endpoint)
    both.canary(endpoint)
    router.get("/search")(both)
    with serve(kit, router) as client:
        assert {client.get("/search", headers={"X-User": u}).status_code for u in USERS} == {status}
    rows = {name[1]: row for name, row in outcomes(kit).items() if name[0] == "search"}
    assert set(rows) == {"old", "new"}
    assert all(set(row) == {outcome} for row in rows.values())


def test_the_schema_has_one_operation(kit) -> None:
    """Otherwise generated clients would change with a rollout."""
    app, bare = FastAPI(), FastAPI()

    def search(query: str, limit: int = 3) -> Found:
        """Finds."""
        return Found(by="old", query=query)

    both = rollout_route(kit, "search")(search)
    both.canary(lambda query, limit=3: Found(by="new", query=query))
    app.get("/search")(both)
    bare.get("/search")(search)
    assert app.openapi() == bare.openapi()


def test_two_that_are_not_alike_are_refused(kit) -> None:
    """Otherwise the event loop would wait for a canary that blocks."""

    @rollout_route(kit, "search")
    async def search() -> str:
        return "old"

    with pytest.raises(UsageError, match="async"):
        search.canary(lambda: "new")  # type: ignore[arg-type,return-value]
