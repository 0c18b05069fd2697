"""The contract finds transports that are wrong; otherwise passing it would say nothing."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from _pytest.outcomes import Failed

from reliakit.upstreams.errors import Aborted, Unanswered, may_retry
from reliakit.upstreams.http1.connection import Connection
from tests.upstreams import test_contract

Wrapped = Callable[[Any, Any, Any, Any], Any]


async def swallowing(inner: Any, scope: Any, receive: Any, send: Any) -> None:
    """Ends a response that was cut."""
    try:
        await inner(scope, receive, send)
    except Aborted:
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def buffering(inner: Any, scope: Any, receive: Any, send: Any) -> None:
    """Keeps a response until it is whole."""
    kept: list[Any] = []

    async def keep(message: Any) -> None:
        kept.append(message)

    await inner(scope, receive, keep)
    for message in kept:
        await send(message)


async def reading(inner: Any, scope: Any, receive: Any, send: Any) -> None:
    """Reads a request's body before it sends any of it."""
    messages = [await receive()]
    while messages[-1].get("more_body"):
        messages.append(await receive())

    async def replay() -> Any:
        return messages.pop(0) if messages else await receive()

    await inner(scope, replay, send)


async def merging(inner: Any, scope: Any, receive: Any, send: Any) -> None:
    """Holds headers in a dictionary."""
    await inner({**scope, "headers": list(dict(scope["headers"]).items())}, receive, send)


async def quoting(inner: Any, scope: Any, receive: Any, send: Any) -> None:
    """Writes percent-encoded bytes in its own way."""
    await inner({**scope, "raw_path": scope["raw_path"].replace(b"%7e", b"~")}, receive, send)


async def insisting(inner: Any, scope: Any, receive: Any, send: Any) -> None:
    """Sends everything twice that failed once."""
    try:
        await inner(scope, receive, send)
    except Unanswered as failed:
        if may_retry(failed, "GET" if not failed.consumed else "POST"):
            await inner(scope, receive, send)
            return
        body = {"type": "http.request", "body": b"x", "more_body": False}

        async def again() -> Any:
            return body

        await inner(scope, again, send)


async def deaf(inner: Any, scope: Any, receive: Any, send: Any) -> None:
    """Does not hear that a client leaves."""

    async def never() -> Any:
        message = await receive()
        return await asyncio.Event().wait() if message["type"] == "http.disconnect" else message

    await inner(scope, never, send)


async def early_starting(inner: Any, scope: Any, receive: Any, send: Any) -> None:
    """Answers 502 by itself, as if it were the caller."""
    try:
        await inner(scope, receive, send)
    except Unanswered as failed:
        await send({"type": "http.response.start", "status": failed.status, "headers": []})
        await send({"type": "http.response.body", "body": b""})


@pytest.mark.parametrize(
    ("faulty", "test"),
    [
        (swallowing, "test_a_response_that_is_cut_does_not_look_whole"),
        (swallowing, "test_a_response_that_is_cut_anywhere_is_no_whole_one"),
        (buffering, "test_a_client_that_leaves_ends_the_request_upstream"),
        pytest.param(reading, "test_each_piece_of_an_upload_passes_when_it_comes", marks=pytest.mark.soak),
        (merging, "test_request_headers_keep_their_order_and_duplicates"),
        (quoting, "test_the_request_arrives_as_it_was_sent"),
        (insisting, "test_a_post_is_not_sent_twice"),
        (deaf, "test_a_client_that_leaves_ends_the_request_upstream"),
        (early_starting, "test_an_upstream_that_hangs_up_has_not_answered"),
        (early_starting, "test_a_request_that_can_be_read_in_two_ways_is_refused"),
    ],
)
def test_the_contract_finds_a_faulty_transport(faulty: Wrapped, test: str):
    """Otherwise a third party would be told that a transport works which loses or repeats requests."""

    class Contract(test_contract.TestHTTP1):
        within = 1.5

        def make_transport(self, url: str, settings: Any, forwarding: Any) -> Any:
            inner = super().make_transport(url, settings, forwarding)

            async def outer(scope: Any, receive: Any, send: Any) -> None:
                await faulty(inner, scope, receive, send)

            outer.close = inner.close  # type: ignore[attr-defined]
            return outer

    with pytest.raises((AssertionError, TimeoutError, Failed)):
        getattr(Contract(), test)()


@pytest.mark.soak
@pytest.mark.parametrize(
    "test",
    ["test_bytes_that_nobody_asked_for_are_no_answer", "test_what_follows_the_answer_to_a_head_is_no_answer"],
)
def test_the_contract_finds_a_connection_out_of_step(test: str, monkeypatch: pytest.MonkeyPatch):
    """Otherwise a transport could hand the rest of one answer to the next client."""

    def reusable(self: Connection) -> bool:
        return self.complete and not self.closed

    monkeypatch.setattr(Connection, "reusable", property(reusable))
    monkeypatch.setattr(Connection, "silent", False)
    with pytest.raises((AssertionError, TimeoutError)):
        getattr(test_contract.TestHTTP1(), test)()
