"""What real servers do too rarely for a test to wait for: frames that a server or a framework makes now and then."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from reliakit.core.counters import Failed
from tests.middleware.shop import SHOP, answering, ask, http, outcomes
from tests.middleware.test_wsgi import environ

ONLY_BLUE = {**SHOP, "rollouts": {"shop": {**SHOP["rollouts"]["shop"], "weight": 0}}}


@pytest.fixture
def kit() -> Iterator[Any]:
    from reliakit import Reliakit

    made = Reliakit(ONLY_BLUE)
    yield made
    assert made.close()


def test_a_last_block_that_does_not_arrive_is_no_error_of_the_release(kit: Any) -> None:
    """Otherwise servers that raise when the client is gone would make impatient visitors roll releases back."""

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            raise OSError("the client is gone")

    app = kit.asgi(answering("v1"), upstreams={"shop-v2": answering("v2")})
    with pytest.raises(OSError, match="gone"):
        asyncio.run(app(http(), receive, send))
    assert outcomes(kit) == {("shop", "blue", "split"): {"CANCELLED": 1}}


def test_a_client_that_leaves_before_its_websocket_is_accepted_is_no_error(kit: Any) -> None:
    """Otherwise people who reload a page quickly would roll releases back."""

    async def impatient(connection: Any, receive: Any, send: Any) -> None:
        assert (await receive())["type"] == "websocket.connect"
        assert (await receive())["type"] == "websocket.disconnect"

    app = kit.asgi(impatient, upstreams={"shop-v2": answering("v2")})
    connection = {**http(), "type": "websocket", "scheme": "ws"}
    asyncio.run(ask(app, connection, [{"type": "websocket.connect"}, {"type": "websocket.disconnect"}]))
    assert outcomes(kit) == {("shop", "blue", "split"): {"CANCELLED": 1}}


def test_a_generator_has_no_length(kit: Any) -> None:
    """Otherwise servers that look for a length, as waitress does, would fail on every streamed page."""

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        return (block for block in [b"a", b"b"])

    body = kit.wsgi(app, upstreams={"shop-v2": app})(environ(), lambda *_: None)
    assert not hasattr(body, "__len__")
    assert list(body) == [b"a", b"b"]


def test_what_happens_at_the_close_knows_the_visitor(kit: Any) -> None:
    """Otherwise tasks that a framework runs after the response would see other flags than the page."""
    seen: list[bool] = []

    class Body:
        def __iter__(self) -> Iterator[bytes]:
            yield b"x"

        def close(self) -> None:
            seen.append(kit.enabled("half"))

    def app(environ: Any, start_response: Any) -> Any:
        kit.identify(environ["QUERY_STRING"])
        start_response("200 OK", [])
        return Body()

    users = [f"user-{number}" for number in range(20)]
    for user in users:
        body = kit.wsgi(app, upstreams={"shop-v2": app})(environ(QUERY_STRING=user), lambda *_: None)
        assert list(body) == [b"x"]
        body.close()
    assert seen == [kit.enabled("half", user) for user in users]
    assert set(seen) == {True, False}


@pytest.mark.parametrize(
    ("route", "request_"),
    [
        ({"path_prefix": "/käse"}, {"PATH_INFO": "/käse/1".encode().decode("latin-1")}),
        ({"header": {"content-type": "application/json"}}, {"CONTENT_TYPE": "application/json"}),
    ],
)
def test_routes_mean_the_same_under_wsgi(route: Any, request_: Any) -> None:
    """Otherwise a rollout would never begin for some paths and headers, and only under WSGI."""
    from reliakit import Reliakit

    kit = Reliakit({**ONLY_BLUE, "routes": [{**route, "rollout": "shop"}]})

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        return [b""]

    kit.wsgi(app, upstreams={"shop-v2": app})(environ(**request_), lambda *_: None)  # type: ignore[arg-type]
    assert outcomes(kit) == {("shop", "blue", "split"): {"SUCCESS": 1}}
    assert kit.close()


def test_a_forged_header_is_stripped_also_where_the_applications_identify_fails(kit: Any) -> None:
    """Otherwise one bug in a callable would let anybody be anybody."""
    seen: list[Any] = []

    async def app(connection: Any, receive: Any, send: Any) -> None:
        seen.append(connection["headers"])
        await answering("v1")(connection, receive, send)

    def fails(connection: Any) -> str:
        user: str = connection["session"]["user"]
        return user

    wrapped = kit.asgi(app, upstreams={"shop-v2": app}, identify=fails)
    asyncio.run(ask(wrapped, http(headers=[(b"x-user-id", b"admin"), (b"accept", b"*/*")])))
    assert seen == [[(b"accept", b"*/*")]]
    assert outcomes(kit) == {("shop", "blue", "split"): {"SUCCESS": 1}}
    assert kit._runtime.tallies.counts()[Failed("identify")] == 1
