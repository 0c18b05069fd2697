"""Flags, kit and users as dependencies of FastAPI."""

import asyncio
from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI, Header, Request, WebSocket
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from reliakit import Reliakit, UsageError
from reliakit_fastapi import Kit, ReliakitMiddleware, enabled, get_kit, identify, require_flag, value

DEFINITIONS: dict[str, Any] = {
    "identity": {"targeting_key": ["identified"]},
    "flags": {
        "half": {"percentage": 50},
        "pro": {"rules": [{"if": {"plan": "pro"}}]},
        "on": {},
        "off": {"enabled": False},
        "banner": {"variants": {"plain": "#444", "loud": "#f60"}},
        "numbers": {"variants": {"few": [1, 2]}},
    },
}
USERS = [f"user-{number}" for number in range(12)]


def current_user(x_user: Annotated[str | None, Header()] = None) -> str | None:
    return x_user


signed_in = identify(current_user, lambda user: (user, {"plan": "pro" if user == "user-1" else "free"}))


@pytest.fixture
def kit(kit_of) -> Reliakit:
    return kit_of(DEFINITIONS)


@pytest.fixture
def app(kit: Reliakit) -> FastAPI:
    app = FastAPI(dependencies=[Depends(signed_in)])
    app.add_middleware(ReliakitMiddleware, kit=kit)
    return app


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app) as client:
        yield client


def asked(client: TestClient, path: str, user: str = "user-1") -> Any:
    answer = client.get(path, headers={"X-User": user})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_flag_is_a_parameter_in_sync_and_async_endpoints(app, kit, client) -> None:
    """Otherwise endpoints in the thread pool would decide for nobody."""

    @app.get("/async")
    async def one(half: Annotated[bool, Depends(enabled("half"))]) -> list[bool]:
        return [half, kit.enabled("half"), await asyncio.to_thread(kit.enabled, "half")]

    @app.get("/sync")
    def other(half: Annotated[bool, Depends(enabled("half"))]) -> list[bool]:
        return [half, kit.enabled("half")]

    expected = {user: kit.enabled("half", user) for user in USERS}
    assert len(set(expected.values())) == 2
    for user in USERS:
        assert set(asked(client, "/async", user)) == {expected[user]}
        assert set(asked(client, "/sync", user)) == {expected[user]}


def test_a_value_is_of_the_type_of_its_default(app, client) -> None:
    """Otherwise an endpoint would get what it can't work with."""

    @app.get("/values")
    def values(
        text: Annotated[str, Depends(value("banner", "none"))],
        number: Annotated[int, Depends(value("banner", 1))],
        switch: Annotated[bool, Depends(value("banner", True))],
        several: Annotated[list[int], Depends(value("numbers", [0]))],
    ) -> list[Any]:
        return [text, number, switch, several]

    assert client.get("/values").text == '["#444",1,true,[1,2]]'


def test_attributes_of_the_user_reach_rules(app, client) -> None:
    """Otherwise a rule about plans would be about nobody."""

    @app.get("/pro")
    def pro(
        is_pro: Annotated[bool, Depends(enabled("pro"))], user: Annotated[Any, Depends(signed_in)]
    ) -> Any:
        return [is_pro, user]

    assert asked(client, "/pro", "user-1") == [True, "user-1"]
    assert asked(client, "/pro", "user-2") == [False, "user-2"]
    assert client.get("/pro").json() == [False, None]


def test_what_is_off_is_not_there(app, client) -> None:
    """Otherwise people would find pages that are not released."""

    @app.get("/hidden", dependencies=[Depends(require_flag("off"))])
    def hidden() -> None: ...

    @app.get("/closed", dependencies=[Depends(require_flag("off", status_code=403, detail="not yet"))])
    def closed() -> None: ...

    @app.get("/shown", dependencies=[Depends(require_flag("on"))])
    def shown() -> str:
        return "here"

    @app.get("/unknown", dependencies=[Depends(require_flag("nowhere", default=True))])
    def unknown() -> str:
        return "here"

    bare = client.get("/no-such-path")
    assert (client.get("/hidden").status_code, client.get("/hidden").json()) == (404, bare.json())
    assert (client.get("/closed").status_code, client.get("/closed").json()) == (403, {"detail": "not yet"})
    assert asked(client, "/shown") == asked(client, "/unknown") == "here"


def test_a_test_overrides_a_flag_as_any_other_dependency(app, client) -> None:
    """Otherwise people would have to learn another way for flags than for the rest."""

    @app.get("/off")
    def off(flag: Annotated[bool, Depends(enabled("off"))]) -> bool:
        return flag

    @app.get("/gone", dependencies=[Depends(require_flag("off"))])
    def gone() -> bool:
        return True

    app.dependency_overrides = {enabled("off"): lambda: True, require_flag("off"): lambda: None}
    assert asked(client, "/off") is asked(client, "/gone") is True
    app.dependency_overrides = {enabled("off", default=True): lambda: True}
    assert asked(client, "/off") is False
    app.dependency_overrides = {current_user: lambda: "user-1", value("banner", ""): lambda: "x"}
    assert client.get("/gone").status_code == 404


def test_flags_leave_no_trace_in_the_schema(app) -> None:
    """Otherwise generated clients would change with a flag."""

    @app.get("/x", dependencies=[Depends(require_flag("on"))])
    def x(
        kit: Kit,
        half: Annotated[bool, Depends(enabled("half"))],
        banner: Annotated[str, Depends(value("b", ""))],
    ) -> bool:
        return half

    def plain() -> bool:
        return True

    bare = FastAPI(dependencies=[Depends(current_user)])
    plain.__name__ = "x"
    bare.get("/x")(plain)
    assert app.openapi() == bare.openapi()


def test_background_tasks_know_whom_they_work_for(app, kit, client) -> None:
    """Otherwise a mail that is sent after the response would be decided for nobody."""
    seen: dict[str, list[bool]] = {user: [] for user in USERS}

    def sync_task(user: str) -> None:
        seen[user].append(kit.enabled("half"))

    async def async_task(user: str) -> None:
        seen[user].append(kit.enabled("half"))

    @app.get("/order")
    def order(user: Annotated[str, Depends(current_user)], tasks: BackgroundTasks) -> None:
        tasks.add_task(sync_task, user)
        tasks.add_task(async_task, user)

    for user in USERS:
        asked(client, "/order", user)
    assert seen == {user: [kit.enabled("half", user)] * 2 for user in USERS}


def test_websockets_ask_for_their_own_user(app, kit, client) -> None:
    """Otherwise a chat would show everybody the same version."""

    @app.websocket("/chat")
    async def chat(socket: WebSocket, half: Annotated[bool, Depends(enabled("half"))]) -> None:
        await socket.accept()
        await socket.send_json([half, kit.enabled("half")])
        await socket.close()

    @app.websocket("/refused")
    async def refused(socket: WebSocket, _: Annotated[None, Depends(require_flag("off"))]) -> None:
        await socket.accept()

    for user in USERS:
        with client.websocket_connect("/chat", headers={"X-User": user}) as socket:
            assert socket.receive_json() == [kit.enabled("half", user)] * 2
    with pytest.raises(WebSocketDisconnect) as closed, client.websocket_connect("/refused"):
        pass
    assert closed.value.code == 1008


def test_the_kit_is_found_everywhere(app, kit, client) -> None:
    """Otherwise mounted applications and routers would need a global of their own."""
    router, mounted = APIRouter(), FastAPI()

    @app.get("/state")
    def state(request: Request) -> bool:
        return request.app.state.reliakit is kit

    @router.get("/routed")
    def routed(found: Kit) -> bool:
        return found is kit

    @mounted.get("/inside")
    def inside(found: Annotated[Reliakit, Depends(get_kit)]) -> bool:
        return found is kit

    app.include_router(router)
    app.mount("/mounted", mounted)
    for path in ("/state", "/routed", "/mounted/inside"):
        assert asked(client, path) is True


def test_an_app_without_a_kit_says_what_to_write() -> None:
    """Otherwise a newcomer would see an AttributeError of somebody else's state."""
    bare = FastAPI()

    @bare.get("/")
    def page(flag: Annotated[bool, Depends(enabled("on"))]) -> bool:
        return flag

    with (
        TestClient(bare) as client,
        pytest.raises(UsageError, match=r"app.add_middleware\(ReliakitMiddleware"),
    ):
        client.get("/")
