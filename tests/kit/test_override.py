"""Flags pinned for a test are pinned wherever the app looks, and only as long."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from reliakit import Reason, Reliakit
from reliakit.sources.memory import MemorySource
from tests.servers.serving import until

FLAGS: dict[str, Any] = {
    "flags": {
        "old": {},
        "new": {"percentage": 0},
        "banner": {"variants": {"plain": "#444", "loud": "#f60"}},
    }
}


@pytest.fixture
def kit(kit_of: Callable[..., Reliakit]) -> Reliakit:
    return kit_of(FLAGS)


def on(kit: Reliakit) -> list[str]:
    return [key for key in ("old", "new") if kit.enabled(key, "u")]


def test_a_block_pins_and_lets_go(kit: Reliakit) -> None:
    """Otherwise a test could not choose the branch that it tests, or would choose for all after it."""
    with kit.override({"new": True, "old": False, "banner": "loud", "made up": [1]}):
        assert on(kit) == ["new"]
        assert kit.value("banner", "") == "#f60"
        assert kit.value("made up", list[int]()) == [1]
        assert kit.evaluate("new").reason is Reason.STATIC
        assert kit.evaluate("new").variant == "on"
        assert "override" in str(kit.explain("new"))
        assert set(kit.status().overrides) == {"new", "old", "banner", "made up"}
    assert on(kit) == ["old"]
    assert kit.value("made up", "none") == "none"
    assert kit.status().overrides == ()


def test_a_value_that_names_no_variant_is_the_value(kit: Reliakit) -> None:
    """Otherwise a test could only try the values that the file happens to hold."""
    with kit.override({"banner": "#123"}):
        found = kit.evaluate("banner")
        assert (found.value, found.variant) == ("#123", None)


def test_blocks_nest_and_the_inner_one_wins(kit: Reliakit) -> None:
    """Otherwise a test could not change one thing of what a fixture pins."""
    with kit.override({"new": True, "old": False}):
        with kit.override({"old": True}):
            assert on(kit) == ["old", "new"]
        assert on(kit) == ["new"]
    assert on(kit) == ["old"]


def test_one_override_may_be_entered_again_and_within_itself(kit: Reliakit) -> None:
    """Otherwise a fixture and a test that share one would leave it pinned for ever."""
    pinned = kit.override({"new": True})
    for _ in range(2):
        with pinned, pinned:
            assert on(kit) == ["old", "new"]
        assert on(kit) == ["old"]


def test_a_block_that_fails_lets_go(kit: Reliakit) -> None:
    """Otherwise one failing test would fail all after it."""
    with pytest.raises(LookupError), kit.override({"new": True}):
        raise LookupError
    assert on(kit) == ["old"]


def test_functions_of_both_kinds_can_be_decorated(kit: Reliakit) -> None:
    """Otherwise a test would have to indent all of itself."""

    @kit.override({"new": True})
    def sync(number: int, *, key: str) -> tuple[int, str, list[str]]:
        """Says so."""
        return number, key, on(kit)

    @kit.override({"new": True})
    async def asynchronous(number: int) -> tuple[int, list[str]]:
        await asyncio.sleep(0)
        return number, on(kit)

    assert sync(1, key="k") == (1, "k", ["old", "new"])
    assert sync.__name__ == "sync"
    assert sync.__doc__ == "Says so."
    assert asyncio.iscoroutinefunction(asynchronous)
    assert asyncio.run(asynchronous(2)) == (2, ["old", "new"])
    assert on(kit) == ["old"]


def test_an_async_block_pins_too(kit: Reliakit) -> None:
    """Otherwise async fixtures would need a sync block."""

    async def work() -> list[str]:
        async with kit.override({"new": True}):
            await asyncio.sleep(0)
            return await asyncio.to_thread(on, kit)

    assert asyncio.run(work()) == ["old", "new"]
    assert on(kit) == ["old"]


def test_threads_that_know_nothing_of_the_test_see_the_pins(kit: Reliakit) -> None:
    """Otherwise an app with a worker pool could not be tested."""
    with ThreadPoolExecutor(2) as pool, kit.override({"new": True}):
        assert pool.submit(on, kit).result() == ["old", "new"]
    started, pinned = threading.Event(), threading.Event()
    seen: list[list[str]] = []

    def worker() -> None:
        started.set()
        pinned.wait(10)
        seen.append(on(kit))

    thread = threading.Thread(target=worker)
    thread.start()
    assert started.wait(10)
    with kit.override({"new": True}):
        pinned.set()
        thread.join()
    assert seen == [["old", "new"]]


def test_a_pin_outlives_a_reload(kit_of: Callable[..., Reliakit]) -> None:
    """Otherwise a test would fail by chance when the file is edited."""
    source = MemorySource(FLAGS)
    kit = kit_of(source)
    with kit.override({"new": True}):
        assert on(kit) == ["old", "new"]
        source.set({"revision": "r2", "flags": {"new": {"percentage": 0}}})
        until(lambda: kit.status().revision == "r2")
        assert on(kit) == ["new"]
    assert on(kit) == []


def shop(kit: Reliakit) -> Any:
    async def page(request: Request) -> JSONResponse:
        return JSONResponse([on(kit), await asyncio.to_thread(on, kit)])

    def sync_page(request: Request) -> JSONResponse:
        return JSONResponse([on(kit), on(kit)])

    async def own(request: Request) -> JSONResponse:
        with kit.override({"old": False}), kit.identify("u"):
            inside = on(kit)
            thread = await asyncio.to_thread(on, kit)
        return JSONResponse([inside, thread, on(kit)])

    return kit.asgi(Starlette(routes=[Route("/async", page), Route("/sync", sync_page), Route("/own", own)]))


def test_requests_of_a_test_client_see_the_pins(kit: Reliakit) -> None:
    """Otherwise an endpoint could not be tested with a flag on."""
    with TestClient(shop(kit)) as client:
        for path in ("/async", "/sync"):
            assert client.get(path).json() == [["old"], ["old"]]
            with kit.override({"new": True}):
                assert client.get(path).json() == [["old", "new"]] * 2
            assert client.get(path).json() == [["old"], ["old"]]


def test_a_pin_within_a_request_holds_there_and_in_its_threads(kit: Reliakit) -> None:
    """Otherwise a helper that pins a flag would pin nothing where it is called by a handler."""
    with TestClient(shop(kit)) as client:
        assert client.get("/own").json() == [[], [], ["old"]]
        assert client.get("/sync").json() == [["old"], ["old"]]
