"""Definitions under a key of Valkey or Redis."""

import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from random import uniform

from reliakit.definitions.documents import Format
from reliakit.drivers.purpose import Purpose
from reliakit.drivers.redis_connections import Connector
from reliakit.drivers.redis_link import Link
from reliakit.drivers.redis_urls import parse
from reliakit.errors import UsageError
from reliakit.sources.protocol import Content, SourceError
from reliakit.sources.watching import LARGEST, digest, watched

__all__ = ["RedisSource"]

_FORMATS: dict[str, Format] = {".toml": "toml", ".json": "json"}
_PURPOSE = Purpose("source", SourceError, "let its user read the key (GETRANGE) and subscribe to its channel")


class RedisSource:
    """Reads the text of one key; whoever writes it tells so on the channel `key:changed`.

    ```sh
    valkey-cli -x SET reliakit < reliakit.yaml && valkey-cli PUBLISH reliakit:changed ""
    ```

    Every load has a connection of its own, since loads are rare: nothing has to be kept alive between them, closed
    at the end of a loop, or left alone in a forked child.

    Args:
        url: as for the Redis store: `redis://[user:password@]host:port/database`, `rediss://…`, `unix:///path`,
            `redis+sentinel://…` or `redis+cluster://…`.
        key: where the document is. One that ends in `.json` or `.toml` is in that format, any other in YAML.
        poll: seconds between two looks, since a server forgets what it published to nobody.
        timeout: seconds that a load may take.

    Raises:
        MissingExtraError: redis-py is not installed.
        UsageError: the URL can't be used, or the key is empty.
    """

    keep_copy = True

    def __init__(self, url: str, key: str = "reliakit", *, poll: float = 30.0, timeout: float = 2.0) -> None:
        if not key:
            raise UsageError("a key of Redis has at least one character, such as 'reliakit'")
        address = parse(url)
        self.name = f"{address.name}#{key}"
        self._key, self._poll, self._timeout = key, poll, timeout
        self._connector = Connector(address, timeout, _PURPOSE.kind)
        self._loaded: bytes | None = None

    async def load(self) -> Content:
        content = await self._fetch()
        self._loaded = digest(content)
        return content

    def changes(self) -> AsyncIterator[None]:
        # What was loaded is taken now: the body of an asynchronous generator only starts when it is first waited for.
        return watched(self._loaded, self._fetch, self._pushes, self._pause)

    async def _fetch(self) -> Content:
        link = self._link()
        try:
            # A part of it, so that a key which holds something huge costs no more than what is allowed.
            text: bytes = await link.fetch("GETRANGE", self._key, 0, LARGEST)
        finally:
            await link.close()
        if not text:
            raise SourceError(f"{self.name}: there is no such key, or it is empty; SET it to the definitions")
        if len(text) > LARGEST:
            raise SourceError(f"{self.name}: more than {LARGEST:,} bytes")
        return Content(self.name, text, _FORMATS.get(os.path.splitext(self._key)[1].lower(), "yaml"))

    async def _pushes(self) -> AsyncGenerator[None, None]:
        async with aclosing(self._link().pushed(f"{self._key}:changed")) as pushed:
            async for _ in pushed:
                yield

    def _pause(self) -> float:
        return uniform(self._poll, self._poll * 1.25)  # noqa: S311 - so that workers don't come at once

    def _link(self) -> Link:
        return Link(self._connector, self.name, self._timeout, _PURPOSE)
