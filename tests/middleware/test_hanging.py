"""A request that nobody answers in time is an error, once, whatever becomes of it."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from reliakit.core.outcome import Outcome
from reliakit.core.rollouts import Split
from reliakit.testing import ManualClock
from tests.kit.released import put, rows
from tests.middleware.shop import SHOP, ask, http
from tests.middleware.test_wsgi import environ

START = {"type": "http.response.start", "status": 200, "headers": []}
BODY = {"type": "http.response.body", "body": b""}


def shop(kit_of: Any, clock: Any = None, timeout: str = "20s") -> Any:
    extra = {"clock": clock} if clock else {}
    kit = kit_of({**SHOP, "outcomes": {"timeout": timeout}}, **extra)
    put(kit, shop=Split("blue", 100.0, 7))
    return kit


def expire(kit: Any) -> None:
    """Looks once for requests that are overdue, as the engine does each second."""
    list(kit._runtime.flights.expire())


def through(kit: Any, work: Callable[[Any, Any], Awaitable[None]], kind: str = "http") -> None:
    """Has a request handled by `work(receive, send)` in the canary."""

    async def app(connection: Any, receive: Any, send: Any) -> None:
        await work(receive, send)

    asyncio.run(ask(kit.asgi(app, upstreams={"shop-v2": app}), {**http(), "type": kind}))


def test_what_is_answered_late_has_counted_already(kit_of: Any) -> None:
    """Otherwise a canary that hangs would look healthy while it hangs, or count twice when it wakes up."""
    clock = ManualClock()
    kit = shop(kit_of, clock)

    async def late(receive: Any, send: Any) -> None:
        clock.advance(19.9)
        expire(kit)
        assert rows(kit) == {}
        clock.advance(5)
        expire(kit)
        expire(kit)
        assert rows(kit) == {("green", "split", 7): {"ERROR": 1}}
        await send(START)
        await send(BODY)

    through(kit, late)
    assert rows(kit) == {("green", "split", 7): {"ERROR": 1}}
    (row,) = kit._runtime.tallies.rows().values()
    assert row.seconds == 20.0
    ((_, key, outcome),) = kit._runtime.tallies.failed
    assert (key is not None, outcome) == (True, Outcome.ERROR)


def test_the_engine_finds_it_without_anybody_asking(kit_of: Any) -> None:
    """Otherwise requests would hang unseen in an application that gets no others."""
    kit = shop(kit_of, timeout="50ms")

    async def hanging(receive: Any, send: Any) -> None:
        async with asyncio.timeout(20):
            while not rows(kit):
                await asyncio.sleep(0.01)
        raise ValueError("too late")

    with pytest.raises(ValueError, match="too late"):
        through(kit, hanging)
    assert rows(kit) == {("green", "split", 7): {"ERROR": 1}}


def test_a_response_that_has_begun_may_take_its_time(kit_of: Any) -> None:
    """Otherwise long downloads would count as failures."""
    clock = ManualClock()
    kit = shop(kit_of, clock)

    async def streaming(receive: Any, send: Any) -> None:
        await send(START)
        clock.advance(3600)
        expire(kit)
        await send(BODY)

    through(kit, streaming)
    assert rows(kit) == {("green", "split", 7): {"SUCCESS": 1}}


def test_a_websocket_may_be_quiet(kit_of: Any) -> None:
    """Otherwise everybody who keeps a page open would count as a failure."""
    clock = ManualClock()
    kit = shop(kit_of, clock)

    async def quiet(receive: Any, send: Any) -> None:
        clock.advance(3600)
        expire(kit)
        await send({"type": "websocket.accept"})
        clock.advance(3600)
        expire(kit)

    through(kit, quiet, "websocket")
    assert rows(kit) == {("green", "split", 7): {"SUCCESS": 1}}


def test_wsgi_requests_hang_too(kit_of: Any) -> None:
    """Otherwise the canaries of half of the world would hang unseen."""
    clock = ManualClock()
    kit = shop(kit_of, clock)

    def late(environ: Any, start_response: Any) -> Any:
        clock.advance(25)
        expire(kit)
        start_response("200 OK", [])
        clock.advance(25)
        expire(kit)
        return iter([b"x"])

    body = kit.wsgi(late, upstreams={"shop-v2": late})(environ(), lambda *told: None)
    assert b"".join(body) == b"x"
    body.close()
    assert rows(kit) == {("green", "split", 7): {"ERROR": 1}}


def test_a_wsgi_response_that_has_begun_may_take_its_time(kit_of: Any) -> None:
    """Otherwise long downloads would count as failures."""
    clock = ManualClock()
    kit = shop(kit_of, clock)

    def streaming(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        clock.advance(3600)
        expire(kit)
        return [b"x"]

    kit.wsgi(streaming, upstreams={"shop-v2": streaming})(environ(), lambda *told: None)
    assert rows(kit) == {("green", "split", 7): {"SUCCESS": 1}}


def test_requests_under_way_are_told_and_forgotten(kit_of: Any) -> None:
    """Otherwise nobody would know what a killed worker took with it, and memory would fill with the past."""
    kit = shop(kit_of)
    told: list[tuple[int, int]] = []

    async def looking(receive: Any, send: Any) -> None:
        told.append((kit._joined._about().in_flight, kit._measured.in_flight()))
        raise ValueError("broken")

    for _ in range(3):
        with pytest.raises(ValueError, match="broken"):
            through(kit, looking)
    assert told == [(1, 1)] * 3
    assert (kit._joined._about().in_flight, len(kit._runtime.flights)) == (0, 0)


def test_of_two_that_end_a_request_at_once_one_counts_it(kit_of: Any) -> None:
    """Otherwise an answer at the last moment would be an error and a success."""
    clock = ManualClock()
    kit = shop(kit_of, clock)

    async def just_in_time(receive: Any, send: Any) -> None:
        clock.advance(30)
        looking = threading.Thread(target=expire, args=(kit,))
        looking.start()
        await send(START)
        await send(BODY)
        racing.append(looking)

    racing: list[threading.Thread] = []
    for _ in range(50):
        through(kit, just_in_time)
    for each in racing:
        each.join()
    assert sum(sum(row.values()) for row in rows(kit).values()) == 50


def test_a_forked_child_leaves_the_requests_of_its_parent_alone(kit_of: Any) -> None:
    """Otherwise a request would be counted by two processes."""
    clock = ManualClock()
    kit = shop(kit_of, clock)

    async def forking(receive: Any, send: Any) -> None:
        kit._runtime.after_fork()
        clock.advance(30)
        expire(kit)
        await send(START)

    through(kit, forking)
    assert (rows(kit), len(kit._runtime.flights)) == ({}, 0)
