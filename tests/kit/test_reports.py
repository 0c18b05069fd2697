"""What code reports of the business counts once for each release that the request takes part in."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from reliakit.core.counters import Ignored, Tracked
from reliakit.core.rollouts import Split
from reliakit.middleware.overrides import Forced, sign
from reliakit.runtime.publishing import counted
from tests.kit.released import PRICING, put
from tests.middleware.shop import KEY, ask, http

SHOP: dict[str, Any] = {
    "overrides": {"keys": [KEY]},
    "upstreams": {"shop-v2": "in_process"},
    "rollouts": {
        "shop": {
            "slots": {"blue": {"upstream": "app"}, "green": {"upstream": "shop-v2"}},
            "initial": "blue",
            "steps": [10],
            "analysis": {
                "metrics": {"empty_cart": {}, "order": {"better": "higher"}},
                "guards": [{"error_rate": "5%", "for": "2m"}],
            },
        },
        **PRICING["rollouts"],
    },
    "routes": [{"path_prefix": "/shop", "rollout": "shop"}],
}
ALL = {"shop": Split("blue", 100.0, 7), "pricing": Split("v1", 100.0, 3)}


def reports(kit: Any) -> dict[tuple[str, ...], int]:
    """Returns what was counted: (rollout, slot, metric) for evidence, (metric,) for what is none."""
    found: dict[tuple[str, ...], int] = {}
    for name, count in kit._runtime.tallies.counts().items():
        if isinstance(name, Tracked):
            assert name.number == ALL[name.rollout].number
            found[name.rollout, name.slot, name.metric] = count
        elif isinstance(name, Ignored):
            found[(name.metric,)] = count
    return found


def serve(kit: Any, handle: Callable[[], Any], *headers: tuple[bytes, bytes], path: str = "/shop/1") -> None:
    """Sends one request to an application that calls `handle`."""

    async def app(connection: Any, receive: Any, send: Any) -> None:
        await asyncio.to_thread(handle)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    asyncio.run(ask(kit.asgi(app, upstreams={"shop-v2": app}), http(path, headers)))


@pytest.fixture
def kit(kit_of: Any) -> Any:
    made = kit_of(SHOP)
    put(made, **ALL)
    return made


def test_a_request_counts_once_however_often_it_reports(kit: Any) -> None:
    """Otherwise one restless customer would roll a release back."""

    def handle() -> None:
        threads = [threading.Thread(target=context(kit.fail), args=("empty_cart",)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        kit.fail("empty_cart")
        kit.track("order", 2.5)

    serve(kit, handle)
    serve(kit, handle)
    assert reports(kit) == {("shop", "green", "empty_cart"): 2, ("shop", "green", "order"): 2}


def context(function: Callable[..., Any]) -> Callable[..., Any]:
    """Returns what runs a function in the context of now, from whatever thread."""
    from contextvars import copy_context

    here = copy_context()
    return lambda *arguments: here.copy().run(function, *arguments)


def test_every_release_that_took_part_is_told(kit: Any) -> None:
    """Otherwise the canary of a function would never be judged by what its requests came to."""

    @kit.rollout("pricing")
    def price() -> None: ...

    @price.canary
    def price_v2() -> None:
        kit.fail("empty_cart")

    def handle() -> None:
        price()
        kit.fail("empty_cart")

    serve(kit, handle)
    assert reports(kit) == {("shop", "green", "empty_cart"): 1, ("pricing", "v2", "empty_cart"): 1}


def test_a_call_outside_of_requests_is_told_of_what_is_reported_in_it(kit: Any) -> None:
    """Otherwise workers of a queue could not be judged by what they achieve."""

    @kit.rollout("pricing", user=lambda: "ann")
    def price() -> None:
        raise AssertionError

    @price.canary
    def price_v2() -> None:
        with kit.identify("bob"):
            kit.fail("empty_cart")

    with kit.identify("job-7"):
        price()
        price()
        kit.fail("empty_cart")
    assert reports(kit) == {("pricing", "v2", "empty_cart"): 2, ("empty_cart",): 1}


def test_what_nobody_was_split_for_is_no_evidence(kit: Any) -> None:
    """Otherwise a tester who forces a version would be taken for a customer."""

    def handle() -> None:
        kit.track("order")

    header = sign(Forced(slots={"shop": "green"}), KEY).encode()
    serve(kit, handle, (b"x-reliakit-override", header))
    serve(kit, handle, path="/about")
    with kit.identify("ann"):
        handle()
    handle()
    assert reports(kit) == {("order",): 4}


def test_a_function_that_nobody_could_be_split_for_is_told_nothing(kit: Any) -> None:
    """Otherwise reports would be counted for a release whose requests they do not belong to."""

    @kit.rollout("pricing", user=lambda: None)
    def price() -> None:
        kit.fail("empty_cart")

    price()
    assert reports(kit) == {("empty_cart",): 1}


def test_pinned_flags_in_a_request_leave_its_reports_alone(kit: Any) -> None:
    """Otherwise a test with `kit.override` would see other counts than production."""

    def handle() -> None:
        with kit.override({"any": True}):
            kit.fail("empty_cart")
        kit.fail("empty_cart")

    serve(kit, handle)
    assert reports(kit) == {("shop", "green", "empty_cart"): 1}


def test_nothing_happened_is_no_report(kit: Any) -> None:
    """Otherwise `kit.track("order", len(orders))` would count customers who bought nothing."""
    serve(kit, lambda: kit.track("order", 0))
    assert reports(kit) == {}


def test_made_up_names_do_not_grow_without_bound(kit: Any) -> None:
    """Otherwise a metric with an order number in it would eat the memory and the store."""
    serve(kit, lambda: [kit.fail(f"order-{number}") for number in range(500)])
    serve(kit, lambda: kit.fail("empty_cart"))
    found = reports(kit)
    assert found["shop", "green", "empty_cart"] == 1
    assert found["other",] == 1
    assert len(found) == 102


def test_a_report_never_raises(kit: Any) -> None:
    """Otherwise counting would break what it counts."""

    class Odd:
        def __bool__(self) -> bool:
            raise ArithmeticError

    def handle() -> None:
        kit.fail([])
        kit.fail(None)
        kit.track("order", Odd())

    serve(kit, handle)
    assert reports(kit) == {("other",): 1}


def test_workers_share_reports_as_evidence_of_the_release(kit: Any) -> None:
    """Otherwise metrics would be counted and never judged."""
    serve(kit, lambda: kit.track("order"))
    shared = counted(kit._runtime.tallies)
    assert [total for name, total in shared.items() if "m:order" in name and "split" in name] == [1]
