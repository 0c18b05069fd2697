"""Who is asking is known where the work is done, and nowhere else."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

import pytest

from reliakit import ErrorCode, Reliakit
from reliakit.sources.memory import MemorySource
from tests.servers.serving import until

FLAGS: dict[str, Any] = {
    "flags": {"mine": {"allowlist": ["ann", "7"]}, "pro": {"rules": [{"if": {"plan": "pro"}}]}}
}


@pytest.fixture
def kit(kit_of: Callable[..., Reliakit]) -> Reliakit:
    return kit_of(FLAGS)


def nobody(kit: Reliakit) -> bool:
    return not kit.enabled("mine") and not kit.enabled("pro") and kit._runtime.scope.get() is None


def test_a_block_knows_its_user_and_its_attributes(kit: Reliakit) -> None:
    """Otherwise a queue worker could not check flags for the user whose job it runs."""
    with kit.identify("ann", plan="pro"):
        assert kit.enabled("mine")
        assert kit.enabled("pro")
        assert not kit.enabled("pro", context={"plan": "free"})
        assert not kit.enabled("pro", "ann"), "a user of its own brings nothing of the block's"
    assert nobody(kit)


def test_blocks_nest_and_each_ends_with_what_was_said_before(kit: Reliakit) -> None:
    """Otherwise a job within a job would go on for the wrong user."""
    with kit.identify("ann"):
        with kit.identify("bob", plan="pro"):
            assert (kit.enabled("mine"), kit.enabled("pro")) == (False, True)
            with kit.identify(7):
                assert (kit.enabled("mine"), kit.enabled("pro")) == (True, False)
            assert (kit.enabled("mine"), kit.enabled("pro")) == (False, True)
        assert (kit.enabled("mine"), kit.enabled("pro")) == (True, False)
        with kit.identify(None):
            assert not kit.enabled("mine")
    assert nobody(kit)


def test_a_block_that_fails_ends_all_the_same(kit: Reliakit) -> None:
    """Otherwise one failed job would lend its user to the next."""
    with kit.identify("bob"):
        with pytest.raises(LookupError), kit.identify("ann"):
            raise LookupError
        assert not kit.enabled("mine")
    assert nobody(kit)


def test_a_statement_holds_to_the_end_of_its_context(kit: Reliakit) -> None:
    """Otherwise a task could not say who it is for without a block around all of it."""

    def job() -> bool:
        kit.identify("bob")
        kit.identify("ann")
        return kit.enabled("mine")

    assert copy_context().run(job)
    assert nobody(kit)


def test_threads_that_are_given_the_context_know_the_user_and_others_do_not(kit: Reliakit) -> None:
    """Otherwise sync code in an async app would check flags for nobody, or for somebody else."""

    async def work() -> tuple[bool, bool, bool]:
        with kit.identify("ann"):
            inside = await asyncio.to_thread(kit.enabled, "mine")
            with ThreadPoolExecutor(1) as pool:
                strange = await asyncio.get_running_loop().run_in_executor(pool, kit.enabled, "mine")
            handed = copy_context().run(kit.enabled, "mine")
            return inside, strange, handed

    assert asyncio.run(work()) == (True, False, True)
    assert nobody(kit)


def test_what_a_thread_says_stays_in_it(kit: Reliakit) -> None:
    """Otherwise two workers of a pool would take each other's user."""
    said, seen = threading.Event(), list[bool]()

    def worker() -> None:
        kit.identify("ann")
        said.set()

    with kit.identify("bob"):
        thread = threading.Thread(target=worker)
        thread.start()
        assert said.wait(10)
        seen.append(kit.enabled("mine"))
        thread.join()
    assert seen == [False]


@pytest.mark.parametrize("around", [True, False], ids=["within a block", "alone"])
def test_tasks_beside_each_other_keep_their_own_users(kit: Reliakit, around: bool) -> None:
    """Otherwise a batch that serves many users at once would mix them up."""

    async def one(user: str) -> bool:
        with kit.identify(user):
            for _ in range(5):
                await asyncio.sleep(0)
                if kit.enabled("mine") is not (user == "ann"):
                    return False
                if await asyncio.to_thread(kit.enabled, "mine") is not (user == "ann"):
                    return False
        return True

    async def everybody() -> list[bool]:
        return await asyncio.gather(*(one(user) for user in ["ann", "bob"] * 20))

    async def batch() -> list[bool]:
        if not around:
            return await everybody()
        with kit.identify("carl"):
            return await everybody()

    assert all(asyncio.run(batch()))
    assert nobody(kit)


def test_what_can_be_no_user_is_nobody(kit: Reliakit) -> None:
    """Otherwise `identify(True)` would be a user called True."""
    for user in (True, 1.5, b"ann", ["ann"]):
        with kit.identify(user):  # type: ignore[arg-type]
            assert kit.explain("mine").evaluation.value is False
            assert not kit.enabled("mine")


def test_a_share_needs_somebody(kit_of: Callable[..., Reliakit]) -> None:
    """Otherwise a rollout by share would be chance for whoever is not known."""
    kit = kit_of({"flags": {"half": {"percentage": 50}}})
    with kit.identify(None):
        assert kit.evaluate("half").error_code is ErrorCode.TARGETING_KEY_MISSING
    with kit.identify("ann"):
        assert kit.evaluate("half").error_code is None


def test_a_block_keeps_the_flags_that_it_begins_with(kit_of: Callable[..., Reliakit]) -> None:
    """Otherwise one job would see two sets of flags, even the very first of a process."""
    source = MemorySource({"flags": {"live": {"enabled": False}}})
    kit = kit_of(source)
    with kit.identify("ann"):
        assert not kit.enabled("live")
        source.set({"flags": {"live": {}}})
        until(lambda: kit.status().revision == "" and kit._runtime.snapshot is not kit._scope.get().snapshot)  # type: ignore[union-attr]
        assert not kit.enabled("live")
    assert kit.enabled("live")
