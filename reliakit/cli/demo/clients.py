"""The users: real HTTP clients, each with a cookie jar of its own, who look at the shop again and again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from time import monotonic

from aiohttp import (
    BaseConnector,
    ClientConnectionError,
    ClientError,
    ClientSession,
    ClientTimeout,
    CookieJar,
    TCPConnector,
)

from reliakit.cli.demo.answers import Answer
from reliakit.cli.demo.figures import Figures

__all__ = ["USERS", "shop_around"]

USERS = 300
_PAUSE = 1.5
"""Seconds between two requests of one user: 200 a second in all."""
_TRIES = 3
_CONNECTIONS = 32
_PRO = 5
"""Every fifth user has the plan that a rule asks for."""


async def shop_around(url: str, figures: Figures, closing: asyncio.Event) -> None:
    """Lets all users shop until `closing` is set; none leaves in the middle of a request."""
    # A connection a request, so that every user meets every worker, and is answered alike by all.
    async with (
        TCPConnector(limit=_CONNECTIONS, force_close=True) as connections,
        asyncio.TaskGroup() as group,
    ):
        for user in range(USERS):
            group.create_task(_shop(f"{url}/shop", user, connections, figures, closing))


async def _shop(
    page: str, user: int, connections: BaseConnector, figures: Figures, closing: asyncio.Event
) -> None:
    async with _browser(user, connections) as session:
        await _rest(closing, user / USERS * _PAUSE)
        while not closing.is_set():
            await _look(session, page, user, figures)
            await _rest(closing, _PAUSE)


@asynccontextmanager
async def _browser(user: int, connections: BaseConnector) -> AsyncIterator[ClientSession]:
    # Browsers keep no cookies of bare addresses, and neither does aiohttp unless it is told to.
    jar = CookieJar(unsafe=True)
    plan = {"plan": "pro" if user % _PRO == 0 else "free"}
    patience = ClientTimeout(10)
    async with ClientSession(
        connector=connections, connector_owner=False, cookie_jar=jar, cookies=plan, timeout=patience
    ) as session:
        yield session


async def _look(session: ClientSession, page: str, user: int, figures: Figures) -> None:
    """Asks for the page; again where the connection broke under the request, as browsers do."""
    figures.sent += 1
    try:
        for _ in range(_TRIES):
            try:
                return await _ask(session, page, user, figures)
            except ClientConnectionError:
                figures.broken.append(monotonic())
        figures.lost.append("the connection broke again and again")
    except (ClientError, TimeoutError, ValueError, KeyError) as failed:
        figures.lost.append(repr(failed))


async def _ask(session: ClientSession, page: str, user: int, figures: Figures) -> None:
    sent_at = monotonic()
    async with session.get(page) as response:
        body = await response.json()
    figures.saw(Answer.read(body, user, response.status, sent_at, monotonic() - sent_at))


async def _rest(closing: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(closing.wait(), seconds)
