"""WebSockets pass a hop: handshakes, every kind of message, and how either side goes."""

import asyncio
from http import HTTPStatus
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode

from reliakit.testing.upstream_ground import PLAIN
from reliakit.upstreams.address import address_of
from reliakit.upstreams.errors import Aborted, BadResponse, ConnectFailed, may_retry
from reliakit.upstreams.opening import open_transport
from reliakit.upstreams.settings import Settings
from tests.servers.serving import free_port
from tests.upstreams.sockets import SECONDS, Client, talking


async def echo(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)


def run(work: Any) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(30):
            await work
        assert len(asyncio.all_tasks()) == 1, "it has left tasks behind"

    asyncio.run(bounded())


def test_text_and_bytes_pass_both_ways():
    """Otherwise a chat would lose or change messages."""

    async def work() -> None:
        async with talking(echo) as (client, _, _transport):
            assert (await client.hears())["type"] == "websocket.accept"
            for said in ({"text": "grüße ☺"}, {"bytes": bytes(range(256))}, {"text": ""}, {"bytes": b""}, {"text": "x" * 300_000}):  # fmt: skip
                client.say(**said)
                heard = await client.hears()
                assert {name: heard[name] for name in said} == said
            client.leave(1000)

    run(work())


def test_the_handshake_passes_and_what_is_each_hops_own_does_not():
    """Otherwise upstreams could not tell who connects, or both sides would compress."""
    seen: list[Any] = []

    async def handler(connection: ServerConnection) -> None:
        seen.append(connection.request)
        await connection.close(1000)

    async def work() -> None:
        headers = [*Client().scope["headers"], (b"cookie", b"a=1"), (b"sec-websocket-protocol", b"v1, v2"), (b"x-b", b"1"), (b"x-b", b"2")]  # fmt: skip
        scope = {"headers": headers, "subprotocols": ["v1", "v2"]}
        async with talking(handler, subprotocols=["v2"], client=scope) as (client, _, _transport):
            accepted = await client.hears()
            assert accepted["subprotocol"] == "v2"
            assert not [name for name, _ in accepted["headers"] if name.startswith((b"sec-websocket", b"upgrade", b"connection"))]  # fmt: skip
            await client.hears()

    run(work())
    (request,) = seen
    assert request.path == "/chat%20room?q=1"
    assert request.headers["host"] == "shop.test"
    assert request.headers["cookie"] == "a=1"
    assert request.headers.get_all("x-b") == ["1", "2"]
    assert request.headers["sec-websocket-key"] != "x3JJHMbDL1EzLkh9GBhXDw=="
    assert "sec-websocket-extensions" not in request.headers


@pytest.mark.parametrize(("code", "reason"), [(1000, ""), (1001, "away"), (1008, "policy"), (3000, ""), (4999, "grüße")])  # fmt: skip
def test_close_codes_pass_both_ways(code: int, reason: str):
    """Otherwise nobody could tell a log-out from a failure."""
    came: list[tuple[int | None, str | None]] = []

    async def closing(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.close(code, reason)

    async def closed(connection: ServerConnection) -> None:
        await connection.wait_closed()
        came.append((connection.close_code, connection.close_reason))

    async def work() -> None:
        async with talking(closing) as (client, _, _transport):
            await client.hears()
            client.say(text="bye")
            assert await client.hears() == {"type": "websocket.close", "code": code, "reason": reason}
        async with talking(closed) as (client, _, _transport):
            await client.hears()
            client.leave(code, reason)
        assert came == [(code, reason)]

    run(work())


def test_a_client_that_is_lost_is_lost_upstream_too():
    """Otherwise an upstream would take a lost network for a good-bye."""
    came: list[int | None] = []

    async def closed(connection: ServerConnection) -> None:
        await connection.wait_closed()
        came.append(connection.close_code)

    async def work() -> None:
        for code in (1006, 1005):
            async with talking(closed) as (client, _, _transport):
                await client.hears()
                client.leave(code)
        assert came == [1006, 1005]

    run(work())


def test_an_upstream_that_is_lost_aborts():
    """Otherwise the client would take a crash upstream for a good-bye."""

    async def crashing(connection: ServerConnection) -> None:
        await connection.send("last")
        connection.transport.abort()

    async def work() -> None:
        async with talking(crashing) as (client, passing, _transport):
            await client.hears()
            assert (await client.hears())["text"] == "last"
            await asyncio.wait([passing], timeout=SECONDS)
            assert isinstance(passing.exception(), Aborted)
            assert client.told.empty()

    run(work())


def test_fragments_are_one_message_and_pings_are_answered():
    """Otherwise long messages would arrive in pieces, and quiet connections be closed by the upstream."""

    async def fragments(connection: ServerConnection) -> None:
        await connection.send(iter(["a", "b", "c"]))
        await asyncio.wait_for(await connection.ping(), SECONDS)
        await connection.send(iter([b"d", b"e"]))
        await connection.recv()

    async def work() -> None:
        async with talking(fragments) as (client, _, _transport):
            await client.hears()
            assert (await client.hears())["text"] == "abc"
            assert (await client.hears())["bytes"] == b"de"
            client.leave(1000)

    run(work())


@pytest.mark.parametrize("frame", [Frame(Opcode.TEXT, b"\xff"), Frame(Opcode.CONT, b"x"), Frame(Opcode.BINARY, b"x" * 2000)])  # fmt: skip
def test_an_upstream_that_breaks_the_protocol_aborts(frame: Frame):
    """Otherwise a message that is none, or has no bound, would reach the client."""

    async def breaking(connection: ServerConnection) -> None:
        connection.transport.write(frame.serialize(mask=False))
        with pytest.raises(ConnectionClosed):
            await connection.recv()

    async def work() -> None:
        async with talking(breaking, Settings(message_bytes=1000)) as (client, passing, _transport):
            await client.hears()
            await asyncio.wait([passing], timeout=SECONDS)
            assert isinstance(passing.exception(), Aborted)
            assert client.told.empty()

    run(work())


def test_a_refusal_passes_with_its_body():
    """Otherwise a client would not learn that it has to log in."""

    def refuse(connection: ServerConnection, _: Any) -> Any:
        return connection.respond(HTTPStatus.UNAUTHORIZED, "log in first\n")

    async def work() -> None:
        able: dict[str, Any] = {"extensions": {"websocket.http.response": {}}}
        async with talking(echo, process_request=refuse, client=able) as (client, _, _transport):
            start = await client.hears()
            assert (start["type"], start["status"]) == ("websocket.http.response.start", 401)
            assert (await client.hears())["body"] == b"log in first\n"
        async with talking(echo, process_request=refuse) as (client, _, _transport):
            assert (await client.hears())["type"] == "websocket.close"

    run(work())


@pytest.mark.parametrize(
    "spoilt",
    [
        {"Sec-WebSocket-Accept": "AAAAAAAAAAAAAAAAAAAAAAAAAAA="},
        {"Sec-WebSocket-Protocol": "v9"},
        {"Sec-WebSocket-Extensions": "permessage-deflate"},
    ],
)
def test_an_upstream_that_agrees_to_something_else_has_not_answered(spoilt: dict[str, str]):
    """Otherwise client and upstream would talk past each other."""

    def spoil(_: ServerConnection, __: Any, response: Any) -> None:
        for name, value in spoilt.items():
            response.headers.pop(name, None)
            response.headers[name] = value

    async def work() -> None:
        async with talking(echo, process_response=spoil) as (client, passing, _transport):
            await asyncio.wait([passing], timeout=SECONDS)
            assert isinstance(passing.exception(), BadResponse)
            assert client.told.empty()

    run(work())


def test_an_upstream_that_is_away_can_be_replaced():
    """Otherwise a WebSocket would not fail over, since what the client said first is gone."""

    async def work() -> None:
        async with talking(echo) as (client, _, _transport):
            await client.hears()
            client.leave(1000)
        again = Client()
        transport = open_transport(address_of(f"http://127.0.0.1:{free_port()}"), Settings(), PLAIN)
        with pytest.raises(ConnectFailed) as failed:
            await transport(again.scope, again.says.get, again.told.put)
        assert may_retry(failed.value, "GET")
        assert again.says.qsize() == 1, "the client's greeting is still there"
        await transport.close()

    run(work())


def test_a_slow_client_slows_the_upstream_down():
    """Otherwise what a client does not read would fill our memory."""
    sent = 0

    async def flooding(connection: ServerConnection) -> None:
        nonlocal sent
        while True:
            await connection.send(b"x" * 100_000)
            sent += 1

    async def work() -> None:
        async with talking(flooding, client={"ahead": 2}) as (client, passing, _transport):
            last = -1
            while last != sent:
                last = sent
                await asyncio.sleep(0.3)
            assert 0 < sent < 500
            client.leave(1000)
            while not passing.done():
                if not client.told.empty():
                    client.told.get_nowait()
                await asyncio.sleep(0)

    run(work())
