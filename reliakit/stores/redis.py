"""A store in Valkey or Redis: alone, watched by sentinels or in a cluster."""

import asyncio
import json
import logging
import os
import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Sequence
from contextlib import aclosing
from itertools import chain
from typing import Any

from reliakit.drivers.delays import delays
from reliakit.drivers.purpose import Purpose
from reliakit.drivers.redis_connections import Connector
from reliakit.drivers.redis_link import Link
from reliakit.drivers.redis_urls import parse
from reliakit.errors import UsageError
from reliakit.stores import redis_scripts as scripts
from reliakit.stores.protocol import (
    Document,
    Documents,
    Entry,
    Receipt,
    Report,
    Scope,
    StoreError,
    Totals,
    Worker,
    Write,
)

__all__ = ["RedisStore"]

_log = logging.getLogger("reliakit")
_PURPOSE = Purpose(
    "store",
    StoreError,
    "let its user run scripts, on keys and a channel that begin with the namespace in braces",
)
_MARKS_STAY = 600
_TOMBSTONES_STAY = 7 * 86_400
_NAMESPACE = re.compile(r"[A-Za-z0-9_.:/-]+")
_COUNTERS = ("sums", "workers", "marks")
_DOCUMENTS = ("meta", "keys", "versions", "texts")


class RedisStore:
    """Shares state by a Valkey or Redis server, 6.2 or newer.

    All keys begin with the namespace in braces, so that a cluster keeps them in one slot and a script can change
    several in one step. A server that may evict keys (`maxmemory-policy` other than `noeviction`) may lose counts.

    Args:
        url: `redis://[user:password@]host:port/database`, `rediss://…` for TLS, `unix:///path`,
            `redis+sentinel://host:port,host:port/service` or `redis+cluster://host:port,host:port`.
        namespace: keeps several applications on one server apart; letters, digits and ` _ . : / - `.
        timeout: seconds that a call may take.

    Raises:
        MissingExtraError: redis-py is not installed.
        UsageError: the URL or the namespace can't be used.
    """

    scope: Scope = "fleet"

    def __init__(self, url: str, namespace: str = "reliakit", timeout: float = 2.0) -> None:
        if not _NAMESPACE.fullmatch(namespace):
            raise UsageError(f"a namespace is made of letters, digits and _ . : / -, not {namespace!r}")
        address = parse(url)
        self.name = address.name
        self._timeout, self._prefix = timeout, f"{{{namespace}}}:"
        self._connector = Connector(address, timeout)
        # A child process keeps the links of its parent and leaves them alone: their sockets are the parent's.
        self._links: dict[tuple[int, asyncio.AbstractEventLoop], tuple[Link, AsyncGenerator[None, None]]] = {}

    async def publish(self, report: Report) -> Receipt:
        named = (*("meta", *_COUNTERS), f"rows:{report.worker}", f"tombstone:{report.worker}")
        totals = {name: str(total) for name, total in report.totals.items()}
        marks = [(name, sorted(members)) for name, members in report.marks.items() if members]
        time, revision, accepted, known, sequence = await self._run(
            scripts.PUBLISH,
            (*named, *(f"mark:{name}" for name, _ in marks)),
            report.worker, report.sequence, report.about, _MARKS_STAY, json.dumps(totals), json.dumps(marks),
        )  # fmt: skip
        return Receipt(float(time), int(revision), bool(accepted), bool(known), int(sequence))

    async def totals(self, prefix: str = "") -> Totals:
        time, sums, marks, workers = await self._run(scripts.TOTALS, _COUNTERS, prefix, self._key("mark:"))
        return Totals(
            float(time),
            {name: int(count) for name, count in _pairs(sums)},
            dict(_pairs(marks)),
            tuple(_worker(name, row) for name, row in _pairs(workers)),
        )

    async def retire(self, worker: str, silent: float) -> bool:
        keys = "workers", f"rows:{worker}", f"tombstone:{worker}"
        return bool(await self._run(scripts.RETIRE, keys, worker, silent, _TOMBSTONES_STAY))

    async def absorb(self, prefix: str, into: str) -> None:
        await self._run(scripts.ABSORB, ("sums",), prefix, into)

    async def read(self, prefixes: Sequence[str]) -> Documents:
        time, revision, found = await self._run(scripts.READ, _DOCUMENTS, *prefixes)
        fields = iter(found)
        documents = {
            key: Document(int(version), text)
            for key, version, text in zip(fields, fields, fields, strict=True)
        }
        return Documents(int(revision), float(time), documents)

    async def commit(
        self, writes: Sequence[Write], events: Sequence[str] = (), head: int = 0, *, announce: bool = True
    ) -> bool:
        changed = chain.from_iterable(
            (write.key, write.expected, int(write.text is not None), write.text or "") for write in writes
        )
        return bool(
            await self._run(
                scripts.COMMIT,
                (*_DOCUMENTS, "journal"),
                self._key("changes"),
                int(announce),
                head,
                len(writes),
                *changed,
                *events,
            )
        )

    async def last(self) -> Entry | None:
        head, text = await self._run(scripts.LAST, ("meta", "journal"))
        return Entry(head, text) if head else None

    async def journal(self, after: int = 0, limit: int = 1_000) -> Sequence[Entry]:
        first, texts = await self._run(scripts.JOURNAL, ("meta", "journal"), after, limit)
        return [Entry(number, text) for number, text in enumerate(texts, first)]

    async def prune(self, before: int) -> None:
        await self._run(scripts.PRUNE, ("meta", "journal"), before)

    async def lease(self, name: str, holder: str, seconds: float) -> bool:
        return bool(
            await self._run(scripts.LEASE, (f"lease:{name}",), holder, max(1, round(seconds * 1_000)))
        )

    async def release(self, name: str, holder: str) -> None:
        await self._run(scripts.RELEASE, (f"lease:{name}",), holder)

    async def changes(self) -> AsyncIterator[None]:
        # Also where it could not listen from the start: it yields at once when it can, for what came before.
        waits, said = delays(0.1, 5.0), ""
        while True:
            try:
                async with aclosing((await self._link()).pushed(self._key("changes"))) as pushed:
                    async for _ in pushed:
                        waits, said = delays(0.1, 5.0), ""
                        yield
            except StoreError as failed:
                if str(failed) != said:
                    said = str(failed)
                    _log.warning("changes are polled, not pushed, until the store is back: %s", said)
            await asyncio.sleep(next(waits))

    async def close(self) -> None:
        link = self._links.get((os.getpid(), asyncio.get_running_loop()))
        if link is not None:
            await link[1].aclose()

    def _key(self, name: str) -> str:
        return self._prefix + name

    async def _run(self, script: scripts.Script, keys: Iterable[str], *args: Any) -> Any:
        return json.loads(await (await self._link()).run(script, [self._key(key) for key in keys], args))

    async def _link(self) -> Link:
        """Returns the link of this process and loop."""
        place = os.getpid(), asyncio.get_running_loop()
        if place not in self._links:
            link = Link(self._connector, self.name, self._timeout, _PURPOSE)
            guard = self._guard(place, link)
            self._links[place] = link, guard
            await anext(guard)
        return self._links[place][0]

    async def _guard(
        self, place: tuple[int, asyncio.AbstractEventLoop], link: Link
    ) -> AsyncGenerator[None, None]:
        """Closes the link when it is closed itself: by `close`, or by the loop, which ends its generators when it
        ends. Nothing else tells that a loop is about to end without `close`."""
        try:
            yield
        finally:
            self._links.pop(place, None)
            await link.close()


def _pairs(flat: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
    fields = iter(flat)
    return zip(fields, fields, strict=True)


def _worker(name: str, row: str) -> Worker:
    _, seen, about = row.split(" ", 2)
    return Worker(name, about, float(seen))
