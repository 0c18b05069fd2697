"""Definitions in a table of PostgreSQL, with their history."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from random import uniform
from typing import TYPE_CHECKING

from reliakit.drivers.postgres_address import address
from reliakit.drivers.purpose import Purpose
from reliakit.errors import MissingExtraError
from reliakit.sources.postgres_sql import channel, checked, definitions_sql, exists_sql, newest_sql
from reliakit.sources.protocol import Content, SourceError
from reliakit.sources.watching import LARGEST, digest, watched

if TYPE_CHECKING:
    from reliakit.drivers.postgres_link import Link, Row

__all__ = ["PostgresSource"]

_PURPOSE = Purpose("source", SourceError, "let its user SELECT from the table; an owner has to make it")


class PostgresSource:
    """Reads the newest row of a table; all earlier ones stay, so that it can be told who changed what, and when.

    ```sql
    INSERT INTO reliakit_definitions (text) VALUES ('format: 1 …');
    ```

    A trigger notifies of every change. To go back is to insert what an earlier row says. Every load has a connection
    of its own, since loads are rare; another one listens.

    Args:
        url: as for the PostgreSQL store; `pgbouncer=true` among its parameters means that changes are only polled.
        table: small letters, digits and `_`, with or without a schema before it; 48 characters at most.
        poll: seconds between two looks, since notifications get lost with their connection.
        timeout: seconds that a load may take.
        auto_migrate: whether the table is made by the first that needs it. Where it may not, `definitions_sql` of
            `reliakit.sources.postgres_sql` returns what an owner has to run.

    Raises:
        MissingExtraError: psycopg is not installed.
        UsageError: the URL is none, or the table's name can't be one.
    """

    keep_copy = True

    def __init__(
        self,
        url: str,
        table: str = "reliakit_definitions",
        *,
        poll: float = 30.0,
        timeout: float = 2.0,
        auto_migrate: bool = True,
    ) -> None:
        self._address, self._table = address(url), checked(table)
        self.name = f"{self._address.shown}#{table}"
        self._poll, self._timeout, self._migrates = poll, timeout, auto_migrate
        self._link_class = _link_class()
        self._loaded: bytes | None = None

    async def load(self) -> Content:
        content = await self._fetch()
        self._loaded = digest(content)
        return content

    def changes(self) -> AsyncIterator[None]:
        # What was loaded is taken now: the body of an asynchronous generator only starts when it is first waited for.
        return watched(self._loaded, self._fetch, self._pushes, self._pause)

    async def _fetch(self) -> Content:
        rows = await self._newest()
        if not rows:
            raise SourceError(f"{self.name}: the table is empty; INSERT the definitions")
        number, form, text = rows[0]
        name = f"{self.name}, row {number}"
        if text is None:
            raise SourceError(f"{name}: more than {LARGEST:,} bytes")
        return Content(name, text.encode(), form)

    async def _newest(self) -> "list[Row]":
        link = self._link()
        try:
            async with asyncio.timeout(self._timeout):
                return await link.ask(newest_sql(self._table))
        except TimeoutError as late:
            raise SourceError(
                f"{self.name} did not answer within {self._timeout:g} s; check that the server runs, can be reached "
                "from here and is not overloaded"
            ) from late
        finally:
            link.discard()

    async def _prepare(self, link: "Link") -> None:
        [(exists,)] = await link.fetch(exists_sql(self._table))
        if not exists and not self._migrates:
            raise SourceError(
                f"{self.name}: there is no such table; have an owner run what `definitions_sql` of "
                "reliakit.sources.postgres_sql returns"
            )
        if not exists:
            await link.run(definitions_sql(self._table))

    async def _pushes(self) -> AsyncGenerator[None, None]:
        if self._address.pgbouncer:
            await asyncio.Event().wait()
        listen = f"LISTEN {channel(self._table)}"
        async with aclosing(self._link().listen(listen, self._timeout)) as pushed:
            async for _ in pushed:
                yield

    def _pause(self) -> float:
        return uniform(self._poll, self._poll * 1.25)  # noqa: S311 - so that workers don't come at once

    def _link(self) -> "Link":
        return self._link_class(self._address, self._prepare, _PURPOSE, prepared=False)


def _link_class() -> "type[Link]":
    try:
        from reliakit.drivers.postgres_link import Link
    except ImportError as missing:
        raise MissingExtraError("the PostgreSQL source", "postgres") from missing
    return Link
