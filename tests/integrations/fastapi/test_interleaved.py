"""200 visitors at once, in tasks and in threads, each known by a dependency."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import httpx
import pytest
from fastapi import BackgroundTasks, Depends, FastAPI, Header

from reliakit import Reliakit
from reliakit_fastapi import ReliakitMiddleware, enabled, identify

FLAGS = [f"flag_{number}" for number in range(32)]
"""So many that no two visitors have the same answers."""
First = Annotated[bool, Depends(enabled(FLAGS[0]))]
USERS = [f"user-{number}" for number in range(200)]
THREADS = 20
"""That are in the middle of a request at once; the thread pool has twice as many."""


def current_user(x_user: Annotated[str, Header()]) -> str:
    return x_user


signed_in = identify(current_user)


@pytest.fixture
def kit(kit_of) -> Reliakit:
    return kit_of({"flags": {flag: {"percentage": 50} for flag in FLAGS}})


def served(kit: Reliakit, meet: Callable[[], Awaitable[None]], after: dict[str, str]) -> FastAPI:
    def seen() -> str:
        return "".join("01"[kit.enabled(flag)] for flag in FLAGS)

    app = FastAPI(dependencies=[Depends(signed_in)])
    app.add_middleware(ReliakitMiddleware, kit=kit)
    meeting = threading.Barrier(THREADS)

    def remember(user: str) -> None:
        after[user] = seen()

    @app.get("/async")
    async def asynchronous(
        user: Annotated[str, Depends(signed_in)], first: First, tasks: BackgroundTasks
    ) -> list[str]:
        tasks.add_task(remember, user)
        before = seen()
        await meet()
        later = await asyncio.gather(asyncio.to_thread(seen), asyncio.create_task(asyncio.to_thread(seen)))
        return ["01"[first], before, seen(), *later]

    @app.get("/sync")
    def synchronous(
        user: Annotated[str, Depends(signed_in)], first: First, tasks: BackgroundTasks
    ) -> list[str]:
        tasks.add_task(remember, user)
        before = seen()
        meeting.wait(30)
        return ["01"[first], before, seen()]

    return app


@pytest.mark.parametrize("path", ["/async", "/sync"])
def test_nobody_is_taken_for_another(path: str, kit) -> None:
    """Otherwise one visitor would see another's page, price or mail."""
    after: dict[str, str] = {}
    expected = {user: "".join("01"[kit.enabled(flag, user)] for flag in FLAGS) for user in USERS}
    assert len(set(expected.values())) == len(USERS)

    async def everybody() -> list[Any]:
        barrier = asyncio.Barrier(len(USERS))

        async def meet() -> None:
            await asyncio.wait_for(barrier.wait(), 60)

        app = served(kit, meet, after)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop.test", timeout=60) as client:
            answers = await asyncio.gather(*(client.get(path, headers={"X-User": user}) for user in USERS))
        return [answer.json() for answer in answers]

    for user, (first, *seen) in zip(USERS, asyncio.run(everybody()), strict=True):
        assert set(seen) == {expected[user]}
        assert first == expected[user][0]
    assert after == expected
