"""The ASGI shell passes everything through, splits as it is told and counts what happened."""

import asyncio
from typing import Any

import pytest

from reliakit import Outcome
from reliakit.core.counters import Failed
from tests.middleware.shop import SHOP, Messages, answering, ask, header, http, outcomes


def run(work: Any) -> Any:
    return asyncio.run(work)


def shop_app(kit: Any) -> Any:
    return kit.asgi(answering("v1"), upstreams={"shop-v2": answering("v2")})


def cookie_of(messages: Any) -> bytes:
    found = header(messages, b"set-cookie")
    assert found is not None
    return found.split(b";")[0]


def test_visitors_are_split_and_stay_where_they_are(kit_of: Any) -> None:
    """Otherwise a canary would get all or nobody, or people would flap between two versions."""
    app = shop_app(kit_of(SHOP))

    async def visit() -> tuple[bytes, set[bytes]]:
        first = await ask(app, http())
        cookie = cookie_of(first)
        again = [await ask(app, http(headers=[(b"cookie", cookie)])) for _ in range(5)]
        return first[1]["body"], {messages[1]["body"] for messages in again}

    async def visitors() -> list[tuple[bytes, set[bytes]]]:
        return [await visit() for _ in range(200)]

    seen = run(visitors())
    assert all(later == {first} for first, later in seen)
    share = sum(first == b"v2" for first, _ in seen) / len(seen)
    assert 0.33 < share < 0.67


def test_a_known_visitor_gets_no_second_cookie_and_a_page_without_decisions_none_at_all(kit_of: Any) -> None:
    """Otherwise caches would be defeated on pages that no flag touches."""
    app = shop_app(kit_of(SHOP))
    first = run(ask(app, http()))
    again = run(ask(app, http(headers=[(b"cookie", cookie_of(first))])))
    elsewhere = run(ask(app, http("/about")))
    assert header(again, b"set-cookie") is None
    assert header(elsewhere, b"set-cookie") is None
    assert elsewhere[1]["body"] == b"v1"


def test_outcomes_are_recorded_by_slot(kit_of: Any) -> None:
    """Otherwise nobody could tell a bad canary from a good one."""
    kit = kit_of({**SHOP, "rollouts": {"shop": {**SHOP["rollouts"]["shop"], "weight": 100}}})
    app = kit.asgi(answering("v1"), upstreams={"shop-v2": answering("v2", 503)})
    for _ in range(3):
        run(ask(app, http()))
    assert outcomes(kit) == {("shop", "green", "split"): {"ERROR": 3}}


@pytest.mark.parametrize(
    ("status", "outcome"), [(200, "SUCCESS"), (302, "SUCCESS"), (404, "CLIENT_ERROR"), (500, "ERROR")]
)
def test_a_status_is_classified(kit_of: Any, status: int, outcome: str) -> None:
    """Otherwise visitors' typing errors would roll releases back."""
    kit = kit_of({**SHOP, "rollouts": {"shop": {**SHOP["rollouts"]["shop"], "weight": 0}}})
    run(ask(kit.asgi(answering("v1", status), upstreams={"shop-v2": answering("v2")}), http()))
    assert outcomes(kit) == {("shop", "blue", "split"): {outcome: 1}}


async def _fails_before(connection: Any, receive: Any, send: Any) -> None:
    raise LookupError("before")


async def _fails_after(connection: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    raise LookupError("after")


@pytest.mark.parametrize("app", [_fails_before, _fails_after])
def test_an_exception_passes_and_is_an_error(kit_of: Any, app: Any) -> None:
    """Otherwise the server's own error page and log would be lost, or the failure not be counted."""
    kit = kit_of({**SHOP, "rollouts": {"shop": {**SHOP["rollouts"]["shop"], "weight": 0}}})
    with pytest.raises(LookupError):
        run(ask(kit.asgi(app, upstreams={"shop-v2": answering("v2")}), http()))
    assert outcomes(kit) == {("shop", "blue", "split"): {"ERROR": 1}}
    assert kit._runtime.scope.get() is None


def test_a_client_that_leaves_is_no_error_of_the_release(kit_of: Any) -> None:
    """Otherwise impatient visitors would roll releases back."""

    async def streaming(connection: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"a", "more_body": True})
        assert (await receive())["type"] == "http.disconnect"

    kit = kit_of({**SHOP, "rollouts": {"shop": {**SHOP["rollouts"]["shop"], "weight": 0}}})
    events: Messages = [
        {"type": "http.request", "body": b"", "more_body": False},
        {"type": "http.disconnect"},
    ]
    run(ask(kit.asgi(streaming, upstreams={"shop-v2": answering("v2")}), http(), events))
    assert outcomes(kit) == {("shop", "blue", "split"): {"CANCELLED": 1}}


def test_a_cancelled_request_is_no_error_and_leaves_no_task(kit_of: Any) -> None:
    """Otherwise a server that shuts down would look like a bad release, or leak."""
    kit = kit_of({**SHOP, "rollouts": {"shop": {**SHOP["rollouts"]["shop"], "weight": 0}}})

    async def waiting(connection: Any, receive: Any, send: Any) -> None:
        await asyncio.Event().wait()

    async def cancel() -> int:
        app = kit.asgi(waiting, upstreams={"shop-v2": answering("v2")})
        task = asyncio.ensure_future(ask(app, http()))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return len(asyncio.all_tasks()) - 1

    assert run(cancel()) == 0
    assert outcomes(kit) == {("shop", "blue", "split"): {"CANCELLED": 1}}


def test_every_message_passes_unchanged_and_in_order(kit_of: Any) -> None:
    """Otherwise streaming, trailers, early hints or server push would break behind reliakit."""
    script = [
        {"type": "http.response.push", "path": "/x", "headers": []},
        {
            "type": "http.response.start",
            "status": 206,
            "headers": [(b"x", b"1"), (b"x", b"2")],
            "trailers": True,
        },
        {"type": "http.response.body", "body": b"a", "more_body": True},
        {"type": "http.response.body", "body": b"", "more_body": True},
        {"type": "http.response.body", "body": b"b"},
        {"type": "http.response.trailers", "headers": [(b"sum", b"1")]},
        {"type": "something.new", "value": object()},
    ]

    async def app(connection: Any, receive: Any, send: Any) -> None:
        for message in script:
            await send(message)

    kit = kit_of({"flags": {}})
    sent = run(ask(kit.asgi(app), http()))
    assert len(sent) == len(script)
    assert all(left is right for left, right in zip(sent, script, strict=True))


def test_the_connection_reaches_the_application_untouched(kit_of: Any) -> None:
    """Otherwise extensions and state of the server would be lost."""
    seen: list[Any] = []

    async def app(connection: Any, receive: Any, send: Any) -> None:
        seen.append(connection)

    connection = http()
    run(ask(kit_of({"flags": {}}).asgi(app), connection))
    assert seen == [connection]
    assert seen[0] is connection


def test_an_unknown_kind_of_connection_passes(kit_of: Any) -> None:
    """Otherwise a server's new protocol would need a new reliakit."""
    seen: list[str] = []

    async def app(connection: Any, receive: Any, send: Any) -> None:
        seen.append(connection["type"])

    run(ask(kit_of({"flags": {}}).asgi(app), {"type": "webtransport"}))
    assert seen == ["webtransport"]


def test_flags_in_a_request_see_its_visitor_and_what_identify_says(kit_of: Any) -> None:
    """Otherwise business code would have to pass users around, and get a flag for the wrong one."""
    kit = kit_of({**SHOP, "routes": []})
    seen: list[Any] = []

    async def app(connection: Any, receive: Any, send: Any) -> None:
        seen.append(kit.enabled("half"))
        kit.identify("user-1", plan="pro")
        seen.append(kit.enabled("half"))
        seen.append(await asyncio.to_thread(kit.enabled, "half"))
        await send({"type": "http.response.start", "status": 200, "headers": []})

    run(ask(kit.asgi(app), http()))
    expected = kit.enabled("half", "user-1")
    assert seen[1:] == [expected, expected]
    assert isinstance(seen[0], bool)


def test_a_request_keeps_its_snapshot_to_the_end(kit_of: Any) -> None:
    """Otherwise one page could be half old and half new."""
    from reliakit.sources.memory import MemorySource

    source = MemorySource({"flags": {"new": {"otherwise": False}}})
    kit = kit_of(source)
    seen: list[bool] = []

    async def app(connection: Any, receive: Any, send: Any) -> None:
        seen.append(kit.enabled("new"))
        source.set({"flags": {"new": {"otherwise": True}}})
        async with asyncio.timeout(5):
            while not kit._runtime.outside.flags.find("new")("u", {}).value:
                await asyncio.sleep(0.005)
        seen.append(kit.enabled("new"))

    run(ask(kit.asgi(app), http()))
    assert seen == [False, False]
    assert kit.enabled("new")


def test_websockets_pass_and_are_judged_by_their_handshake(kit_of: Any) -> None:
    """Otherwise chat and live pages would break, or hours of talk count as latency."""
    kit = kit_of({**SHOP, "rollouts": {"shop": {**SHOP["rollouts"]["shop"], "weight": 0}}})

    async def chat(connection: Any, receive: Any, send: Any) -> None:
        assert (await receive())["type"] == "websocket.connect"
        await send({"type": "websocket.accept", "subprotocol": "v1"})
        message = await receive()
        await send({"type": "websocket.send", "text": message["text"]})
        await send({"type": "websocket.close", "code": 4001})

    connection = {**http(), "type": "websocket", "scheme": "wss", "subprotocols": ["v1"]}
    events = [{"type": "websocket.connect"}, {"type": "websocket.receive", "text": "hi"}]
    sent = run(ask(kit.asgi(chat, upstreams={"shop-v2": answering("v2")}), connection, events))
    assert [message["type"] for message in sent] == ["websocket.accept", "websocket.send", "websocket.close"]
    cookie = dict(sent[0]["headers"])[b"set-cookie"]
    assert cookie.endswith(b"; Secure")
    assert outcomes(kit) == {("shop", "blue", "split"): {"SUCCESS": 1}}


def test_a_refused_websocket_is_a_client_error(kit_of: Any) -> None:
    """Otherwise visitors who aren't signed in would roll releases back."""
    kit = kit_of({**SHOP, "rollouts": {"shop": {**SHOP["rollouts"]["shop"], "weight": 0}}})

    async def refuse(connection: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.close", "code": 1008})

    connection = {**http(), "type": "websocket", "scheme": "ws"}
    run(
        ask(
            kit.asgi(refuse, upstreams={"shop-v2": answering("v2")}),
            connection,
            [{"type": "websocket.connect"}],
        )
    )
    assert outcomes(kit) == {("shop", "blue", "split"): {"CLIENT_ERROR": 1}}


def test_if_deciding_fails_the_request_is_served_and_the_failure_counted(
    kit_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise a fault of ours would be an outage of theirs."""
    kit = kit_of(SHOP)
    app = shop_app(kit)
    monkeypatch.setattr("reliakit.middleware.edge.find", lambda *_: 1 / 0)
    assert run(ask(app, http()))[1]["body"] == b"v1"
    assert kit._runtime.tallies.counts()[Failed("admission")] == 1


def test_a_callable_may_judge_and_may_fail(kit_of: Any) -> None:
    """Otherwise teams whose errors look like successes could not be helped, or a slip in the judge be an outage."""
    shop = {**SHOP, "rollouts": {"shop": {**SHOP["rollouts"]["shop"], "weight": 0}}}
    kit = kit_of(shop, classify=lambda status: {200: Outcome.ERROR}[status])
    upstreams = {"shop-v2": answering("v2")}
    run(ask(kit.asgi(answering("v1"), upstreams=upstreams), http()))
    run(ask(kit.asgi(answering("v1", 404), upstreams=upstreams), http()))
    assert outcomes(kit) == {("shop", "blue", "split"): {"ERROR": 1, "CLIENT_ERROR": 1}}
    assert kit._runtime.tallies.counts()[Failed("classify")] == 1
