"""The same pages in FastAPI and in Flask: each says whom every part of the framework took its visitor for.

What a part sees is a fingerprint: the answers of many 50 % flags, which no two of a few hundred people share.
"""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any

import flask
from fastapi import BackgroundTasks, Body, Depends, FastAPI, Header
from fastapi.responses import StreamingResponse

from reliakit import Reliakit
from tests.servers.transparent_asgi import DEFINITIONS

__all__ = ["FLAGS", "fast", "fast_bare", "flask_app", "flask_bare", "kit"]

FLAGS = [f"flag_{number}" for number in range(32)]

kit = Reliakit({**DEFINITIONS, "flags": {flag: {"percentage": 50} for flag in FLAGS}})

_TOGETHER = int(os.environ.get("TOGETHER", "1"))
"""So many requests wait for each other in the middle, so that all of them are under way at once."""
_MEETING = threading.Barrier(_TOGETHER)
_after: dict[str, str] = {}


def fingerprint() -> str:
    """What the flags say to whoever is asking here and now."""
    return "".join("01"[kit.enabled(flag)] for flag in FLAGS)


def _sign_in(x_user: Annotated[str, Header()]) -> str:
    kit.identify(x_user)
    return x_user


async def _resource(user: Annotated[str, Depends(_sign_in)]) -> AsyncIterator[str]:
    yield fingerprint()
    _after[f"{user} dependency"] = fingerprint()


def _remember(user: str) -> None:
    _after[f"{user} task"] = fingerprint()


User = Annotated[str, Depends(_sign_in)]
Resource = Annotated[str, Depends(_resource)]

fast_bare = FastAPI()


@fast_bare.get("/shop/async")
async def asynchronous(user: User, resource: Resource, tasks: BackgroundTasks) -> list[str]:
    tasks.add_task(_remember, user)
    seen = [resource, fingerprint()]
    await _met()
    seen.append(fingerprint())
    seen.append(await asyncio.to_thread(fingerprint))
    seen.append(await asyncio.create_task(_later()))
    seen.extend(await asyncio.gather(_later(), _later()))
    return [*seen, fingerprint()]


async def _later() -> str:
    await asyncio.sleep(0)
    return fingerprint()


_arrived: list[asyncio.Event] = []


async def _met() -> None:
    """The barrier for tasks of one loop, made anew each time so that no loop has to exist on import."""
    if not _arrived:
        _arrived.append(asyncio.Event())
    event = _arrived[-1]
    _waiting.append(event)
    if len(_waiting) == _TOGETHER:
        _waiting.clear()
        _arrived.clear()
        event.set()
    await event.wait()


_waiting: list[asyncio.Event] = []


@fast_bare.get("/shop/sync")
def synchronous(user: User, resource: Resource, tasks: BackgroundTasks) -> list[str]:
    tasks.add_task(_remember, user)
    seen = [resource, fingerprint()]
    _MEETING.wait(10)
    return [*seen, fingerprint()]


@fast_bare.get("/shop/stream")
async def streaming(user: User) -> StreamingResponse:
    async def lines() -> AsyncIterator[str]:
        for _ in range(3):
            yield fingerprint() + "\n"
            await asyncio.sleep(0)

    return StreamingResponse(lines())


@fast_bare.get("/shop/stream-sync")
def streaming_synchronously(user: User) -> StreamingResponse:
    return StreamingResponse(fingerprint() + "\n" for _ in range(3))


@fast_bare.get("/shop/named/{user}")
async def named(user: str) -> list[bool]:
    """Needs no middleware to know for whom it is."""
    return [kit.enabled(flag, user) for flag in FLAGS]


@fast_bare.post("/shop/named/{user}")
def named_stream(user: str, body: Annotated[dict[str, int], Body()]) -> StreamingResponse:
    return StreamingResponse(f"{flag} {kit.enabled(flag, user)} {body}\n" for flag in FLAGS)


@fast_bare.get("/after")
async def after(user: str) -> dict[str, str]:
    """What was seen for a user after the response."""
    return {key.partition(" ")[2]: value for key, value in _after.items() if key.partition(" ")[0] == user}


@fast_bare.get("/shop")
async def ready() -> dict[str, int]:
    return {"pid": os.getpid()}


fast = kit.asgi(fast_bare, upstreams={"shop-v2": fast_bare})

flask_bare = flask.Flask(__name__)


@flask_bare.before_request
def sign_in() -> None:
    if user := flask.request.headers.get("X-User"):
        kit.identify(user)


@flask_bare.get("/shop/sync")
def page() -> Any:
    seen = [fingerprint()]
    _MEETING.wait(10)
    return [*seen, fingerprint()]


@flask_bare.get("/shop/stream")
def stream() -> Any:
    def lines() -> Iterator[str]:
        for _ in range(3):
            yield fingerprint() + "\n"

    response = flask.Response(flask.stream_with_context(lines()), mimetype="text/plain")
    user = flask.request.headers["X-User"]
    response.call_on_close(lambda: _after.update({f"{user} close": fingerprint()}))
    return response


@flask_bare.get("/shop/raises")
def fails() -> Any:
    raise LookupError


@flask_bare.get("/after")
def after_flask() -> Any:
    user = flask.request.args["user"]
    return {key.partition(" ")[2]: value for key, value in _after.items() if key.partition(" ")[0] == user}


@flask_bare.get("/shop")
def ready_flask() -> Any:
    return {"pid": os.getpid()}


flask_app = kit.wsgi(flask_bare, upstreams={"shop-v2": flask_bare})
