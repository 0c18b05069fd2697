"""A canary of one function: it runs for its share, and whatever it does is counted and passed on."""

import asyncio
import inspect
import logging
import threading
from typing import Any

import pytest

from reliakit import UsageError
from reliakit.core.counters import Failed
from reliakit.core.outcome import Outcome
from reliakit.core.rollouts import Split
from reliakit.middleware.overrides import Forced, sign
from reliakit.testing import ManualClock
from tests.kit.released import PRICING, put, rows
from tests.middleware.shop import KEY, ask, http

ALL, HALF = Split("v1", 100.0, 3), Split("v1", 50.0, 3)


def priced(kit: Any, **options: Any) -> Any:
    """A function whose canary raises for negative carts."""

    @kit.rollout("pricing", **options)
    def price(cart: int, *, discount: int = 0) -> str:
        """Adds it up."""
        return f"v1 {cart - discount}"

    @price.canary
    def price_v2(cart: int, *, discount: int = 0) -> str:
        if cart < 0:
            raise KeyError(cart)
        return f"v2 {cart - discount}"

    return price


def failures(kit: Any) -> dict[Any, int]:
    return {
        name.what: count for name, count in kit._runtime.tallies.counts().items() if isinstance(name, Failed)
    }


def test_callers_are_split_as_requests_are_and_stay_where_they_are(kit_of: Any) -> None:
    """Otherwise a customer would see two prices of one cart."""
    kit = kit_of(PRICING)
    put(kit, pricing=HALF)
    price = priced(kit, user=lambda cart, discount=0: cart)
    first = [price(cart, discount=1) for cart in range(200)]
    assert [price(cart, discount=1) for cart in range(200)] == first
    share = sum(each.startswith("v2") for each in first) / 200
    assert 0.33 < share < 0.67
    found = rows(kit)
    assert found["v1", "split", 3]["SUCCESS"] + found["v2", "split", 3]["SUCCESS"] == 400


def test_whoever_was_identified_is_who_calls(kit_of: Any) -> None:
    """Otherwise tasks and handlers would have to hand the user down to every function."""
    kit = kit_of(PRICING)
    put(kit, pricing=HALF)
    price, keyed = priced(kit), priced(kit, user=lambda cart: f"user-{cart}")
    for number in range(50):
        with kit.identify(f"user-{number}"):
            assert price(number) == keyed(number)


def test_a_caller_of_whom_nothing_is_known_gets_the_stable_function(kit_of: Any) -> None:
    """Otherwise a canary at 5 % would be judged by calls that nobody can be kept in one slot for."""
    kit = kit_of(PRICING)
    put(kit, pricing=ALL)
    assert priced(kit)(1) == "v1 1"
    assert priced(kit, user=lambda cart: None)(1) == "v1 1"
    assert rows(kit) == {("v1", "fallback", 3): {"SUCCESS": 2}}


def test_without_stickiness_chance_decides(kit_of: Any) -> None:
    """Otherwise functions that know no user could have no canary."""
    section = {**PRICING["rollouts"]["pricing"], "sticky": "none"}
    kit = kit_of({"rollouts": {"pricing": section}})
    put(kit, pricing=HALF)
    price = priced(kit)
    assert {price(1) for _ in range(100)} == {"v1 1", "v2 1"}


def test_what_a_canary_raises_reaches_the_caller_and_counts(kit_of: Any) -> None:
    """Otherwise a broken canary would look healthy, or an order would be made a second time in silence."""
    kit = kit_of(PRICING)
    put(kit, pricing=ALL)
    price = priced(kit, user=lambda cart: "ann")
    with pytest.raises(KeyError, match="-1"):
        price(-1)
    assert rows(kit) == {("v2", "split", 3): {"ERROR": 1}}
    ((row, key, outcome),) = kit._runtime.tallies.failed
    assert (key, outcome) == ("ann", Outcome.ERROR)
    assert kit._runtime.tallies.numbers.names()["pricing", "v2", "split", 3, ""] == row


def test_exceptions_that_are_answers_are_no_failures(kit_of: Any) -> None:
    """Otherwise a lookup that finds nothing would roll its canary back."""
    kit = kit_of(PRICING)
    put(kit, pricing=ALL)
    with pytest.raises(KeyError):
        priced(kit, user=lambda cart: "ann", ignore=(LookupError,))(-1)
    assert rows(kit) == {("v2", "split", 3): {"SUCCESS": 1}}
    assert not kit._runtime.tallies.failed


def test_durations_are_those_of_the_call(kit_of: Any) -> None:
    """Otherwise a slow canary would be promoted."""
    clock = ManualClock()
    kit = kit_of(PRICING, clock=clock)
    put(kit, pricing=ALL)

    @kit.rollout("pricing", user=lambda: "ann")
    def price() -> None:
        raise AssertionError

    @price.canary
    def price_v2() -> None:
        clock.advance(1.5)

    price()
    (row,) = kit._runtime.tallies.rows().values()
    assert row.seconds == 1.5


def test_async_functions_are_split_and_counted(kit_of: Any) -> None:
    """Otherwise coroutines would count as done before they ran."""
    kit = kit_of(PRICING)
    put(kit, pricing=ALL)

    @kit.rollout("pricing", user=lambda cart: "ann")
    async def price(cart: int) -> str:
        return "v1"

    @price.canary
    async def price_v2(cart: int) -> str:
        await asyncio.sleep(0)
        if cart == 1:
            raise ZeroDivisionError
        if cart == 2:
            await asyncio.Event().wait()
        return "v2"

    async def use() -> None:
        assert await price(0) == "v2"
        with pytest.raises(ZeroDivisionError):
            await price(1)
        waiting = asyncio.create_task(price(2))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(use())
    assert inspect.iscoroutinefunction(price)
    assert rows(kit) == {("v2", "split", 3): {"SUCCESS": 1, "ERROR": 1, "CANCELLED": 1}}


def test_methods_are_bound(kit_of: Any) -> None:
    """Otherwise only functions outside of classes could have a canary."""
    kit = kit_of(PRICING)
    put(kit, pricing=ALL)
    one = priced(kit, user=lambda cart: "ann")

    class Shop:
        name = "shop"

        @kit.rollout("pricing", user=lambda self, cart: "ann")
        def price(self, cart: int) -> str:
            return f"v1 {self.name} {cart}"

        @price.canary
        def price_v2(self, cart: int) -> str:
            return f"v2 {self.name} {cart}"

        fixed = staticmethod(one)

    assert Shop().price(cart=1) == "v2 shop 1"
    assert Shop().price_v2(2) == "v2 shop 2"
    assert Shop().fixed(3) == Shop.fixed(3) == "v2 3"


def test_the_decorated_function_looks_like_itself(kit_of: Any) -> None:
    """Otherwise frameworks that read signatures would call it wrongly."""
    price = priced(kit_of(PRICING))
    assert (price.__name__, price.__doc__) == ("price", "Adds it up.")
    assert list(inspect.signature(price).parameters) == ["cart", "discount"]


def test_roles_swap_and_versions_stay(kit_of: Any) -> None:
    """Otherwise everybody would be thrown back to the old function when its canary has won."""
    kit = kit_of(PRICING)
    put(kit, pricing=Split("v2", 0.0, 3))
    assert priced(kit, user=lambda cart: "ann")(1) == "v2 1"
    assert rows(kit) == {("v2", "split", 3): {"SUCCESS": 1}}


def test_a_function_without_a_canary_serves_its_share_as_no_evidence(kit_of: Any) -> None:
    """Otherwise a release would be promoted on calls that its version never had."""
    kit = kit_of(PRICING)
    put(kit, pricing=ALL)

    @kit.rollout("pricing", user=lambda: "ann")
    def price() -> str:
        return "v1"

    assert price() == "v1"
    assert rows(kit) == {("v1", "fallback", 3): {"SUCCESS": 1}}


def test_a_process_is_ready_for_a_slot_when_it_has_the_function(kit_of: Any) -> None:
    """Otherwise a release would wait for ever, or send calls to a version that is not there."""
    kit = kit_of(PRICING)
    assert kit._joined._about().ready == {"pricing": ["v1"]}
    priced(kit)
    assert kit._joined._about().ready == {"pricing": ["v1", "v2"]}


def test_a_rollout_that_nobody_defines_is_told_once(kit_of: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Otherwise a misspelt name would go unnoticed, or fill the log."""
    kit = kit_of({})
    price = priced(kit, user=lambda cart: "ann")
    with caplog.at_level(logging.WARNING, "reliakit"):
        assert [price(1), price(2)] == ["v1 1", "v1 2"]
    assert len([each for each in caplog.records if "pricing" in each.getMessage()]) == 1
    assert failures(kit) == {"rollout": 1}


def test_a_rollout_of_requests_is_none_of_functions(kit_of: Any) -> None:
    """Otherwise each request would count twice, and half of the evidence would be about something else."""
    slots = {"v1": {"upstream": "app"}, "v2": {"upstream": "app"}}
    kit = kit_of({"rollouts": {"pricing": {"slots": slots, "initial": "v1", "weight": 100}}})
    assert priced(kit, user=lambda cart: "ann")(1) == "v1 1"
    assert (rows(kit), failures(kit)) == ({}, {"rollout": 1})


def test_where_nothing_can_be_decided_the_function_runs(kit_of: Any) -> None:
    """Otherwise a fault in telling who calls would be an outage of what is called."""
    kit = kit_of(PRICING)
    put(kit, pricing=ALL)
    assert priced(kit, user=lambda cart: 1 / 0)(1) == "v1 1"
    assert (rows(kit), failures(kit)) == ({}, {"routing": 1})


def test_inert_means_the_function_itself_and_no_word(kit_of: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Otherwise RELIAKIT_BYPASS would leave a part of reliakit running."""
    kit = kit_of(PRICING, environ={"RELIAKIT_BYPASS": "1"})
    assert priced(kit)(1) == "v1 1"
    assert (caplog.records, failures(kit)) == ([], {})


def test_a_condition_says_whom_it_is_about(kit_of: Any) -> None:
    """Otherwise an A/B test for one country would be run on the whole world."""
    section = {
        "slots": {"v1": {}, "v2": {}},
        "initial": "v1",
        "strategy": "ab",
        "weight": 50,
        "match": {"context": {"country": "NZ"}},
    }
    kit = kit_of({"rollouts": {"pricing": section}})
    put(kit, pricing=ALL)
    price = priced(kit)
    for country in ("NZ", "AU"):
        with kit.identify("ann", country=country):
            assert price(1) == ("v2 1" if country == "NZ" else "v1 1")
    assert rows(kit) == {("v2", "split", 3): {"SUCCESS": 1}, ("v1", "fallback", 3): {"SUCCESS": 1}}


def test_a_request_pins_what_its_calls_are_decided_by_and_may_force_it(kit_of: Any) -> None:
    """Otherwise one page would be made of both versions, or nobody could look at a function's canary."""
    kit = kit_of({**PRICING, "overrides": {"keys": [KEY]}})
    put(kit, pricing=Split("v1", 0.0, 3))
    price, seen = priced(kit), list[str]()

    async def app(connection: Any, receive: Any, send: Any) -> None:
        seen.append(price(1))
        put(kit, pricing=Split("v1", 100.0, 4))
        seen.append(price(1))
        put(kit, pricing=Split("v1", 0.0, 3))
        await send({"type": "http.response.start", "status": 200, "headers": []})

    asyncio.run(ask(kit.asgi(app), http()))
    assert seen == ["v1 1", "v1 1"]
    header = sign(Forced(slots={"pricing": "v2"}), KEY).encode()
    asyncio.run(ask(kit.asgi(app), http(headers=[(b"x-reliakit-override", header)])))
    assert seen[2:] == ["v2 1", "v2 1"]
    assert rows(kit) == {("v1", "split", 3): {"SUCCESS": 2}, ("v2", "forced", 3): {"SUCCESS": 2}}


def test_counts_of_many_threads_are_exact(kit_of: Any) -> None:
    """Otherwise releases would be judged by what is left of the counts."""
    kit = kit_of(PRICING)
    put(kit, pricing=HALF)
    price = priced(kit, user=lambda cart: cart)
    threads = [threading.Thread(target=lambda: [price(cart) for cart in range(500)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(sum(row.values()) for row in rows(kit).values()) == 2000


def test_what_can_not_mean_anything_is_refused_where_it_is_written(kit_of: Any) -> None:
    """Otherwise the mistake would show in production, for the canary's share."""
    kit = kit_of(PRICING)

    def generator() -> Any:
        yield 1

    async def generator_async() -> Any:
        yield 1

    async def later(cart: int) -> None: ...

    class Later:
        async def __call__(self, cart: int) -> None: ...

    not_one: list[Any] = [generator, generator_async, 7, dict, staticmethod(later), classmethod(print)]
    for wrong in not_one:
        with pytest.raises(UsageError, match="rollout"):
            kit.rollout("pricing")(wrong)
    others: list[Any] = [later, Later()]
    for other in others:
        with pytest.raises(UsageError, match="async"):
            kit.rollout("pricing")(lambda cart: cart).canary(other)
    with pytest.raises(UsageError, match="canary already"):
        priced(kit).canary(lambda cart: cart)
