"""State shared by a fleet, in a PostgreSQL database. Everything is one statement, and its clock is the server's."""

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Any

from reliakit.drivers.postgres_address import address
from reliakit.drivers.postgres_links import Links
from reliakit.drivers.purpose import Purpose
from reliakit.errors import MissingExtraError
from reliakit.stores.postgres_format import settle
from reliakit.stores.postgres_statements import statements
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

if TYPE_CHECKING:
    from reliakit.drivers.postgres_link import Link, Row

__all__ = ["PostgresStore"]

_FIRST_RETRY, _LAST_RETRY = 0.1, 10.0
_PRUNED_AT_ONCE = 5_000
_PURPOSE = Purpose(
    "store",
    StoreError,
    "have `reliakit store migrate --sql` run by an owner, and grant what stands at its end",
)


class PostgresStore:
    """Keeps state in a schema of its own, of PostgreSQL 12 or later (tested with 16 and 18), in a UTF8 database.

    A worker has two connections: one for calls, and one that listens for changes. Texts may hold anything but NUL
    and lone surrogates, which the server has no way to store.

    Args:
        url: as libpq knows it, such as `postgresql://user:password@host:5432/database?sslmode=require`; with
            `pgbouncer=true` among its parameters for the last of these.
        schema: small letters, digits and `_`, 48 at most.
        timeout: seconds that a call may take, opening a connection included.
        auto_migrate: whether the schema is made, and brought to a later format, by the first that needs it.
        pgbouncer: whether a pooler is in between that may change servers at each transaction. No statement stays
            prepared then, and changes are not pushed but have to be polled.

    Raises:
        MissingExtraError: psycopg is not installed.
        UsageError: the URL is none, or the schema's name can't be one.
    """

    scope: Scope = "fleet"

    def __init__(
        self,
        url: str,
        schema: str = "reliakit",
        timeout: float = 2.0,
        auto_migrate: bool = True,
        *,
        pgbouncer: bool = False,
    ) -> None:
        where, self._sql, self._timeout = address(url), statements(schema), timeout
        self._pushes = not (pgbouncer or where.pgbouncer)
        self.name = where.shown if schema == "reliakit" else f"{where.shown} (schema {schema})"
        link_class = _link_class()

        async def begin(link: "Link") -> None:
            await settle(link, self._sql, self.name, schema, migrate=auto_migrate)

        self._links = Links(lambda: link_class(where, begin, _PURPOSE, prepared=self._pushes))

    async def publish(self, report: Report) -> Receipt:
        marks = [(name, member) for name, members in report.marks.items() for member in members]
        return Receipt(
            *await self._one(
                self._sql.publish,
                report.worker,
                report.sequence,
                report.about,
                list(report.totals),
                _numbers(report.totals.values()),
                [name for name, _ in marks],
                _numbers(member for _, member in marks),
            )
        )

    async def totals(self, prefix: str = "") -> Totals:
        time, series, sums, sets, sizes, *workers = await self._one(self._sql.totals, prefix, prefix)
        return Totals(
            time, _mapping(series, sums), _mapping(sets, sizes), tuple(map(Worker, *_lists(workers)))
        )

    async def retire(self, worker: str, silent: float) -> bool:
        (retired,) = await self._one(self._sql.retire, worker, silent)
        return bool(retired)

    async def absorb(self, prefix: str, into: str) -> None:
        await self._ask(self._sql.absorb, prefix, into)

    async def read(self, prefixes: Sequence[str]) -> Documents:
        revision, time, keys, *rest = await self._one(self._sql.read, list(prefixes))
        return Documents(revision, time, _mapping(keys, map(Document, *_lists(rest))))

    async def commit(
        self, writes: Sequence[Write], events: Sequence[str] = (), head: int = 0, *, announce: bool = True
    ) -> bool:
        (done,) = await self._one(
            self._sql.commit,
            [write.key for write in writes],
            [write.text for write in writes],
            _numbers(write.expected for write in writes),
            list(events),
            head,
            announce,
        )
        return bool(done)

    async def last(self) -> Entry | None:
        found = await self._ask(self._sql.last)
        return Entry(*found[0]) if found else None

    async def journal(self, after: int = 0, limit: int = 1_000) -> Sequence[Entry]:
        return [Entry(*row) for row in await self._ask(self._sql.journal, after, limit)]

    async def prune(self, before: int) -> None:
        # Piece by piece: what is too much for one call is less at the next.
        async with self._bounded():
            dropped = _PRUNED_AT_ONCE
            while dropped == _PRUNED_AT_ONCE:
                [(dropped,)] = await self._links.here().ask(self._sql.prune, (before, _PRUNED_AT_ONCE))

    async def lease(self, name: str, holder: str, seconds: float) -> bool:
        return bool(await self._ask(self._sql.lease, name, holder, seconds))

    async def release(self, name: str, holder: str) -> None:
        await self._ask(self._sql.release, name, holder)

    async def changes(self) -> AsyncGenerator[None, None]:
        if not self._pushes:
            await asyncio.Event().wait()
        clock, retry = asyncio.get_running_loop().time, _FIRST_RETRY
        while True:
            begun = clock()
            try:
                async with aclosing(self._links.here().listen(self._sql.listen, self._timeout)) as told:
                    async for _ in told:
                        yield
            except StoreError:  # whoever calls meets the same, and says so; until then it is polled
                retry = _FIRST_RETRY if clock() - begun > _LAST_RETRY else min(retry * 2, _LAST_RETRY)
            await asyncio.sleep(random.uniform(retry / 2, retry))  # noqa: S311

    async def close(self) -> None:
        await self._links.close()

    async def _one(self, statement: str, *parameters: object) -> "Row":
        [row] = await self._ask(statement, *parameters)
        return row

    async def _ask(self, statement: str, *parameters: object) -> "list[Row]":
        async with self._bounded():
            return await self._links.here().ask(statement, parameters)

    @asynccontextmanager
    async def _bounded(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._timeout):
                yield
        except TimeoutError as late:
            raise StoreError(
                f"{self.name} did not answer within {self._timeout:g} s; check that the server runs, can be reached "
                "from here and is not overloaded"
            ) from late


def _link_class() -> "type[Link]":
    try:
        from reliakit.drivers.postgres_link import Link
    except ImportError as missing:
        raise MissingExtraError("the PostgreSQL store", "postgres") from missing
    return Link


def _numbers(numbers: Iterable[int]) -> str:
    """Writes an array as the server reads it; as a list it would be another statement for each size of number."""
    return "{" + ",".join(map(str, numbers)) + "}"


def _mapping(keys: Iterable[str] | None, values: Iterable[Any] | None) -> dict[str, Any]:
    return dict(zip(keys or (), values or (), strict=True))


def _lists(columns: Iterable[Sequence[Any] | None]) -> list[Sequence[Any]]:
    return [column or () for column in columns]
