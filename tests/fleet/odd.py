"""The shop once more, for what is rare: FLEET_ODD names what is odd about it, FLEET_LOG is where it tells what it does.

no_push     the store never says that something has changed
follows     the worker never gets a lease
counted     every call of the store is counted, and told with each report
hung        the source of the definitions answers once, and never again
unready     the second version fails to start
"""

import asyncio
import json
import os
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from reliakit import Reliakit
from reliakit.rollouts import adoption, controller
from reliakit.sources.file import FileSource
from reliakit.sources.protocol import Content
from reliakit.stores.opening import Address, open_store
from reliakit.stores.protocol import Receipt, Report

_ODD = set(os.environ.get("FLEET_ODD", "").split())
_LOG = Path(os.environ["FLEET_LOG"])
_CALLS = {"totals", "retire", "absorb", "read", "commit", "last", "journal", "prune", "release"}


def _tell(**what: Any) -> None:
    line = json.dumps({"pid": os.getpid(), "at": time.monotonic(), **what})
    with _LOG.open("a") as log:
        log.write(line + "\n")


class Odd:
    """A store of somebody else's: it hands on to one of ours."""

    def __init__(self, url: str) -> None:
        self._store, self._calls = open_store(Address(url), Path("unused")), Counter[str]()

    def __getattr__(self, name: str) -> Any:
        if name in _CALLS:
            self._calls[name] += 1
        return getattr(self._store, name)

    async def publish(self, report: Report) -> Receipt:
        if "counted" in _ODD:
            self._calls["publish"] += 1
            leads = kit._joined.fleet._reconciler.leads
            _tell(calls=dict(self._calls), series=len(report.totals), leads=leads)
        return await self._store.publish(report)

    async def lease(self, name: str, holder: str, seconds: float) -> bool:
        self._calls["lease"] += 1
        return "follows" not in _ODD and await self._store.lease(name, holder, seconds)

    def changes(self) -> AsyncIterator[None]:
        return _never() if "no_push" in _ODD else self._store.changes()


async def _never() -> AsyncIterator[None]:
    await asyncio.Event().wait()
    yield


class Hung:
    """A source that hangs after its first answer."""

    keep_copy = True

    def __init__(self, path: str) -> None:
        self._file, self._asked = FileSource(Path(path)), False
        self.name, self.path = self._file.name, self._file.path

    async def load(self) -> Content:
        if self._asked:
            await asyncio.Event().wait()
        self._asked = True
        return await self._file.load()

    def changes(self) -> AsyncIterator[None]:
        return _never()


def _version(slot: str, *, starts: bool = True) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete" if starts else "lifespan.startup.failed"})
            if starts:
                await receive()
                await send({"type": "lifespan.shutdown.complete"})
            return
        body = json.dumps({"pid": os.getpid(), "slot": slot, "ready": kit.ready}).encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    return app


controller.AGAIN = float(os.environ.get("FLEET_AGAIN", controller.AGAIN))
adoption.UNREPORTED = float(os.environ.get("FLEET_UNREPORTED", adoption.UNREPORTED))
kit = Reliakit(
    Hung(os.environ["FLEET_CONFIG"]) if "hung" in _ODD else os.environ["FLEET_CONFIG"],
    store=Odd(os.environ["FLEET_STORE"]),
)
asgi = kit.asgi(_version("blue"), upstreams={"shop-v2": _version("green", starts="unready" not in _ODD)})


def _in_force() -> None:
    """Tells of every snapshot what it says of weights and flags, as soon as it is in force."""
    swap = kit._keeper.swapped

    def swapped(snapshot: Any) -> None:
        swap(snapshot)
        shop = snapshot.rollouts["shop"]
        weight, pins = round(100 * shop.bound / 2**32, 3), dict(kit._keeper._shared.pins)
        _tell(stable=shop.stable.name, weight=weight, pins=pins)

    kit._keeper.swapped = swapped
    swapped(kit._keeper.state.snapshot)


_in_force()
