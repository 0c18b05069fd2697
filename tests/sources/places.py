"""Real servers with a document in each, and what can befall them."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aiohttp import web

from reliakit.sources.http import HttpSource
from reliakit.sources.postgres import PostgresSource
from reliakit.sources.postgres_sql import definitions_sql
from reliakit.sources.protocol import Source
from reliakit.sources.redis import RedisSource
from tests.sources.http_server import HttpServer, http_server
from tests.stores.postgres import Postgres
from tests.stores.valkey import Server, running

__all__ = ["DOCUMENT", "LONG", "NAMES", "Place", "places", "revision"]

DOCUMENT = '{"format": 1, "revision": "REVISION", "flags": {}}'
LONG = 60.0
"""Seconds between two looks, for sources that have to be told."""
NAMES = ["http", "valkey", "postgres"]


def revision(text: bytes) -> str:
    return text.split(b'"revision": "')[1].split(b'"')[0].decode()


class Place:
    """A server with a document in it, and what can befall it."""

    def __init__(self, server: HttpServer | Server | Postgres) -> None:
        self.server = server
        self._paused = self._killed = False

    def source(self, timeout: float = 0.5, poll: float = LONG, port: int = 0) -> Source:
        """Returns a source on it; `port` is of a wire to it."""
        server = self.server
        there = f"127.0.0.1:{port or server.port}"
        if isinstance(server, HttpServer):
            return HttpSource(f"http://{there}/flags.json", poll=0.1, timeout=timeout)
        if isinstance(server, Server):
            return RedisSource(f"redis://{there}", "flags", poll=poll, timeout=timeout)
        return PostgresSource(server.url(port=port or server.port), "flags", poll=poll, timeout=timeout)

    def put(self, revision: str) -> None:
        self.write(DOCUMENT.replace("REVISION", revision))

    def write(self, document: str) -> None:
        if isinstance(self.server, HttpServer):
            self.server.put(document)
        elif isinstance(self.server, Server):
            self.server.command("SET", "flags", document)
            self.server.command("PUBLISH", "flags:changed", "")
        else:
            self.server.sql(f"INSERT INTO flags (text, format) VALUES ('{document}', 'json')")

    def stop(self) -> None:
        self._killed = True
        self.server.stop() if isinstance(self.server, HttpServer) else self.server.kill()

    def pause(self) -> None:
        self._paused = True
        if isinstance(self.server, HttpServer):

            async def never(_: web.Request) -> web.Response:
                await asyncio.sleep(5)
                return web.Response(status=500)

            self.server.answer = never
        else:
            self.server.pause()

    def resume(self) -> None:
        self._paused = False
        if isinstance(self.server, HttpServer):
            self.server.answer = None
        else:
            self.server.resume()

    def mend(self) -> None:
        """Takes back whatever has befallen it."""
        if self._paused:
            self.resume()
        if self._killed:
            self._killed = False
            self.server.start()


@contextmanager
def places(folder: Path) -> Iterator[dict[str, Place]]:
    """Runs a server of each kind, under the names of NAMES."""
    with http_server() as http, running(folder) as valkey:
        postgres = Postgres()
        try:
            postgres.sql(definitions_sql("flags"))
            yield {"http": Place(http), "valkey": Place(valkey), "postgres": Place(postgres)}
        finally:
            postgres.stop()
