"""What the middleware of aiohttp's page makes of everything that aiohttp can answer, by its own server and client."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, WSMsgType, web
from aiohttp.test_utils import TestClient, TestServer

from reliakit.middleware.overrides import Forced, sign
from tests.integrations.others.pages import followed
from tests.middleware.shop import KEY, outcomes

DEFINITIONS = f"""\
format: 1
identity:
  targeting_key: [identified, header, anonymous_cookie]
  header: X-User-Id
  trusted_proxies: [127.0.0.1]
  cookie: {{keys: [{KEY}]}}
overrides: {{keys: [{KEY}]}}
flags:
  half: {{percentage: 50}}
  ann: {{allowlist: [ann]}}
  search: {{}}
upstreams: {{v2: in_process}}
rollouts:
  all: {{slots: {{one: {{upstream: app}}, two: {{upstream: v2}}}}, initial: one, weight: 0}}
routes: [{{path_prefix: /judged, rollout: all}}]
"""
Names = dict[str, Any]


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Names:
    """What the page's file `flags.py` holds."""
    (tmp_path / "reliakit.yaml").write_text(DEFINITIONS)
    monkeypatch.chdir(tmp_path)
    return followed("aiohttp", slice(1))


def asked(page: Names, routes: list[web.RouteDef], work: Callable[[TestClient], Awaitable[Any]]) -> Any:
    """Serves an application, asks it, and stops it; the kit stops with it."""

    async def serving() -> Any:
        app = web.Application()
        app.add_routes(routes)
        page["use_flags"](app)
        async with TestClient(TestServer(app)) as client:
            return await work(client)

    try:
        return asyncio.run(serving())
    finally:
        assert page["kit"].status().engine is False


def counted(page: Names) -> dict[str, int]:
    """Returns how often there was each outcome."""
    rows = outcomes(page["kit"])
    assert {name[1] for name in rows} == {"one"}
    return {name: count for row in rows.values() for name, count in row.items()}


async def plain(_: web.Request) -> web.Response:
    return web.Response(text="here")


async def refused(_: web.Request) -> web.Response:
    raise web.HTTPForbidden(text="no")


async def broken(_: web.Request) -> web.Response:
    raise LookupError


async def unwell(_: web.Request) -> web.Response:
    return web.Response(status=503)


@pytest.mark.parametrize(
    ("handler", "status", "outcome"),
    [(plain, 200, "SUCCESS"), (refused, 403, "CLIENT_ERROR"), (broken, 500, "ERROR"), (unwell, 503, "ERROR")],
)
def test_each_answer_counts_once_for_what_it_is(page: Names, handler: Any, status: int, outcome: str) -> None:
    """Otherwise releases would be judged by half of what happens."""

    async def work(client: TestClient) -> int:
        return (await client.get("/judged")).status

    assert asked(page, [web.get("/judged", handler)], work) == status
    assert counted(page) == {outcome: 1}


def test_what_has_no_handler_is_a_404_as_ever(page: Names) -> None:
    """Otherwise an application would change by being given flags."""

    async def work(client: TestClient) -> tuple[int, str]:
        answer = await client.post("/judged/nowhere", data=b"x")
        return answer.status, await answer.text()

    assert asked(page, [], work) == (404, "404: Not Found")
    assert counted(page) == {"CLIENT_ERROR": 1}


def test_a_body_that_is_made_while_it_is_sent_knows_its_visitor(page: Names) -> None:
    """Otherwise the second half of a page could be another visitor's."""
    kit = page["kit"]

    async def generated(_: web.Request) -> web.Response:
        kit.identify("ann")

        async def blocks() -> Any:
            for _ in range(3):
                await asyncio.sleep(0)
                yield str(kit.enabled("ann")).encode()

        return web.Response(body=blocks())

    async def work(client: TestClient) -> str:
        return await (await client.get("/judged")).text()

    assert asked(page, [web.get("/judged", generated)], work) == "True" * 3
    assert counted(page) == {"SUCCESS": 1}


def test_a_stream_arrives_while_it_is_made(page: Names) -> None:
    """Otherwise a page that tells of progress would stay blank until all is over."""
    gate = asyncio.Event()

    async def streaming(request: web.Request) -> web.StreamResponse:
        stream = web.StreamResponse()
        await stream.prepare(request)
        await stream.write(b"first")
        await gate.wait()
        await stream.write(b"second")
        return stream

    async def work(client: TestClient) -> tuple[bytes, bytes]:
        answer = await client.get("/judged")
        first = await answer.content.readexactly(5)
        assert not outcomes(page["kit"])
        gate.set()
        return first, await answer.content.read()

    assert asked(page, [web.get("/judged", streaming)], work) == (b"first", b"second")
    assert counted(page) == {"SUCCESS": 1}


def test_a_client_that_leaves_speaks_against_nobody(page: Names) -> None:
    """Otherwise impatient visitors would roll a release back."""
    over = asyncio.Event()

    async def endless(request: web.Request) -> web.StreamResponse:
        stream = web.StreamResponse()
        await stream.prepare(request)
        try:
            while True:
                await stream.write(b"x" * 65536)
        finally:
            over.set()

    async def work(client: TestClient) -> None:
        async with ClientSession() as session:
            answer = await session.get(client.make_url("/judged"))
            await answer.content.readexactly(10)
            answer.close()
        await asyncio.wait_for(over.wait(), 20)

    asked(page, [web.get("/judged", endless)], work)
    assert counted(page) == {"CANCELLED": 1}


def test_a_websocket_counts_when_it_is_accepted_and_knows_its_visitor_to_the_end(page: Names) -> None:
    """Otherwise a chat of an hour would be an hour's latency, and its messages nobody's."""
    kit = page["kit"]

    async def talking(request: web.Request) -> web.WebSocketResponse:
        kit.identify("ann")
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            await socket.send_str(
                f"{message.data} {kit.enabled('ann')} {sum(map(len, outcomes(kit).values()))}"
            )
        return socket

    async def work(client: TestClient) -> list[str]:
        async with client.ws_connect("/judged") as socket:
            said = []
            for word in ("one", "two"):
                await socket.send_str(word)
                answer = await socket.receive(timeout=10)
                assert answer.type is WSMsgType.TEXT
                said.append(answer.data)
            return said

    assert asked(page, [web.get("/judged", talking)], work) == ["one True 1", "two True 1"]
    assert counted(page) == {"SUCCESS": 1}


@pytest.mark.parametrize(
    ("headers", "ann", "search"),
    [
        ({"X-Reliakit-Override": "flag.search=off"}, False, True),
        ({"X-Reliakit-Override": sign(Forced(flags={"search": "off"}), KEY)}, False, False),
        ({"X-User-Id": "ann"}, True, True),
        ({"X-User-Id": "bob", "X_User_Id": "ann"}, False, True),
        ({"X_User_Id": "ann"}, False, True),
    ],
)
def test_what_others_forge_is_not_believed(
    page: Names, headers: dict[str, str], ann: bool, search: bool
) -> None:
    """Otherwise anybody could say to be Ann; the server is behind a proxy here, which sends `X-User-Id` alone."""
    kit = page["kit"]

    async def who(_: web.Request) -> web.Response:
        return web.json_response([kit.enabled("ann"), kit.enabled("search")])

    async def work(client: TestClient) -> Any:
        return await (await client.get("/", headers=headers)).json()

    assert asked(page, [web.get("/", who)], work) == [ann, search]


def test_a_sub_application_and_its_tasks_know_the_visitor(page: Names) -> None:
    """Otherwise a part of the site would be nobody's."""
    kit = page["kit"]

    async def inner(_: web.Request) -> web.Response:
        kit.identify("ann")
        later = await asyncio.gather(
            asyncio.to_thread(kit.enabled, "ann"), asyncio.to_thread(kit.enabled, "ann")
        )
        return web.json_response([kit.enabled("ann"), *later])

    async def work(client: TestClient) -> Any:
        return await (await client.get("/part/")).json()

    part = web.Application()
    part.router.add_get("/", inner)

    async def serving() -> Any:
        app = web.Application()
        app.add_subapp("/part", part)
        page["use_flags"](app)
        async with TestClient(TestServer(app)) as client:
            return await work(client)

    assert asyncio.run(serving()) == [True] * 3
    assert kit.close()
