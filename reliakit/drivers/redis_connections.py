"""Connections to Redis by redis-py, and what its errors mean; no other file imports it.

Pools and clients for Sentinel and clusters are left out: they send a command again after a failure that it may have
outlived, which turns a commit that succeeded into one that lost. All keys of a store live in one slot, so that the
way to their server is short.
"""

import asyncio
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reliakit.drivers.redis_urls import Address
from reliakit.errors import MissingExtraError, UsageError

if TYPE_CHECKING:
    from redis.asyncio.connection import AbstractConnection

__all__ = ["Connector", "NotDone", "Script"]

_MOVED = re.compile(r"(?:MOVED )?\d+ (.*):(\d+)$")
"""What a node of a cluster says that no longer has the keys, or never had them."""
_REFUSED = re.compile(r"^(MOVED|ASK|TRYAGAIN|CLUSTERDOWN) |-READONLY ")
"""redis-py 5 has no names for the former outside of its client for clusters, and Redis 6 none for the latter inside of
a script."""


@dataclass(frozen=True, slots=True)
class Script:
    """A script: its text, and the digest by which a server that has it knows it."""

    text: str
    digest: str


class NotDone(Exception):
    """The server has not done what was asked, for sure.

    Args:
        reason: what the driver raised.
    """

    def __init__(self, reason: BaseException) -> None:
        super().__init__(reason)
        self.reason = reason


class Connector:
    """Opens connections to the server that has the keys, and sends scripts there.

    Args:
        address: where the server is, or who knows it.
        timeout: seconds that connecting may take.
        kind: what it is for, as people know it.

    Raises:
        MissingExtraError: redis-py is not installed.
        UsageError: the URL has options that redis-py does not know.
    """

    def __init__(self, address: Address, timeout: float, kind: str = "store") -> None:
        try:
            from redis import exceptions
            from redis.asyncio import connection
        except ImportError:
            raise MissingExtraError(f"the Redis {kind}", "redis") from None
        self._address, self._timeout, self._errors = address, timeout, exceptions
        self._owner: tuple[str, int] | None = None  # the node of a cluster that has the keys
        try:
            self._options = dict(connection.parse_url(address.options))
            self._kind: Any = self._options.pop("connection_class", connection.Connection)
            self._made(*(address.hosts or ((),))[0])
        except (ValueError, TypeError) as wrong:
            raise UsageError(f"{address.name}: an option of its URL is wrong: {wrong}") from None
        self.failures = (
            exceptions.RedisError, OSError, TimeoutError, asyncio.IncompleteReadError,
            ValueError,  # what redis-py raises at what is no answer of a Redis
        )  # fmt: skip
        """What can go wrong between us and the server."""

    async def open(self) -> "AbstractConnection":
        """Connects to the server that has the keys, as far as it is known.

        Raises:
            NotDone: it can't be reached now.
            AuthenticationError: of redis-py, as for all other errors.
        """
        try:
            if self._address.kind == "sentinel":
                return await self._primary(*await self._discovered())
            places = ([self._owner] if self._owner else []) + _shuffled(self._address.hosts)
            return await self._first(places) if places else await self._connected()
        except self._errors.AuthenticationError:
            raise
        except self.failures as failed:
            raise NotDone(failed) from failed

    async def alive(self, connection: "AbstractConnection") -> bool:
        """Tells whether an idle connection can be used: the server has neither ended it nor said anything."""
        look = getattr(connection, "can_read", None) or connection.can_read_destructive
        try:
            return connection.is_connected and not await look()
        except self.failures:
            return False

    async def evaluate(
        self, connection: "AbstractConnection", script: Script, keys: Sequence[str], args: Sequence[Any]
    ) -> Any:
        """Runs a script and returns its answer.

        Raises:
            NotDone: the server can't do it now, or another one has to.
        """
        try:
            return await self._ask(connection, "EVALSHA", script.digest, len(keys), *keys, *args)
        except self._errors.NoScriptError:
            return await self._ask(connection, "EVAL", script.text, len(keys), *keys, *args)

    async def fetch(self, connection: "AbstractConnection", *command: Any) -> Any:
        """Sends a command and returns its answer; texts are bytes in it.

        Raises:
            NotDone: as for `evaluate`.
        """
        return await self._ask(connection, *command, raw=True)

    async def _ask(self, connection: "AbstractConnection", *command: Any, raw: bool = False) -> Any:
        try:
            return await _ask(connection, *command, raw=raw)
        except self._errors.RedisError as failed:
            moved = _MOVED.match(str(failed))
            if moved and (isinstance(failed, self._errors.MovedError) or moved[0].startswith("MOVED")):
                here = (self._owner or self._address.hosts[0])[0]
                self._owner = (moved[1] if moved[1] not in ("", "?") else here), int(moved[2])
            if self._refused(failed):
                raise NotDone(failed) from failed
            raise

    def _refused(self, failed: Exception) -> bool:
        """Tells whether an answer of the server means that a script has not begun, and may fare better soon."""
        known = self._errors
        passing = known.AskError, known.TryAgainError, known.ClusterDownError, known.BusyLoadingError
        return isinstance(failed, (*passing, known.ReadOnlyError)) or bool(_REFUSED.search(str(failed)))

    def _made(self, *place: Any, **options: Any) -> Any:
        where = dict(zip(("host", "port"), place, strict=False))
        fixed = {
            "decode_responses": True, "encoding": "utf-8", "protocol": 2, "socket_connect_timeout": self._timeout,
            "socket_timeout": None,  # every use is bounded as a whole
        }  # fmt: skip
        return self._kind(**{**self._options, **options, **where, **fixed})

    async def _connected(self, *place: Any, **options: Any) -> "AbstractConnection":
        connection: AbstractConnection = self._made(*place, **options)
        try:
            await connection.connect()  # type: ignore[no-untyped-call]
        except BaseException:
            await connection.disconnect(nowait=True)
            raise
        return connection

    async def _first(self, places: Sequence[tuple[str, int]]) -> "AbstractConnection":
        """Connects to the first place that answers."""
        for place in places[:-1]:
            try:
                async with asyncio.timeout(self._timeout / len(places)):
                    return await self._connected(*place)
            except self.failures:
                continue  # the last one says what is wrong
        return await self._connected(*places[-1])

    async def _discovered(self) -> tuple[str, int]:
        """Asks the sentinels, one after the other, where the server is."""
        problem: Exception | None = None
        for place in _shuffled(self._address.hosts):
            try:
                async with asyncio.timeout(self._timeout / (len(self._address.hosts) + 1)):
                    found = await self._asked(place)
            except self.failures as failed:
                problem = problem or failed
                continue
            if found:
                return found[0], int(found[1])
            problem = self._errors.ConnectionError(
                f"no sentinel knows a server called {self._address.service}"
            )
        assert problem is not None
        raise problem

    async def _asked(self, place: tuple[str, int]) -> Any:
        # Sentinels have users of their own, or none; and no databases.
        connection = await self._connected(*place, username=None, password=None, db=0)
        try:
            return await _ask(connection, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._address.service)
        finally:
            await connection.disconnect(nowait=True)

    async def _primary(self, host: str, port: int) -> "AbstractConnection":
        """Connects to what a sentinel takes for the primary, which may have been replaced a moment ago."""
        connection = await self._connected(host, port)
        try:
            role = await _ask(connection, "ROLE")
        except BaseException:
            await connection.disconnect(nowait=True)
            raise
        if role[0] != "master":
            await connection.disconnect(nowait=True)
            raise self._errors.ReadOnlyError(f"{host}:{port} is a replica")
        return connection


async def _ask(connection: "AbstractConnection", *command: Any, raw: bool = False) -> Any:
    await connection.send_command(*command)
    return await connection.read_response(disable_decoding=raw)


def _shuffled(hosts: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    return random.sample(hosts, len(hosts))
