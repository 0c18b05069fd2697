"""Where the demo's workers share their state: a place of their own, of which nothing is left at the end."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha1
from pathlib import Path
from secrets import token_hex

from reliakit.cli.printing import Failure
from reliakit.drivers.purpose import Purpose
from reliakit.stores.opening import Address, open_store
from reliakit.stores.protocol import StoreError

__all__ = ["place"]

_WITHIN = 5.0
_PURPOSE = Purpose("store", StoreError, "let its user drop what it has made")
_LOCAL = "sqlite", "memory"
_FORGET = """
local cursor, dropped = '0', 0
repeat
  local found = redis.call('SCAN', cursor, 'MATCH', ARGV[1], 'COUNT', 1000)
  cursor = found[1]
  for _, key in ipairs(found[2]) do dropped = dropped + redis.call('DEL', key) end
until cursor == '0'
return dropped
"""


@asynccontextmanager
async def place(url: str) -> AsyncIterator[Address]:
    """Yields an address in a store for this demo alone, and drops what is there at the end.

    Raises:
        Failure: the URL is of a file or of memory: the demo makes a file of its own.
        StoreError: the store can't be used.
    """
    if url == Address().url:
        yield Address()
        return
    if url.partition(":")[0] in _LOCAL:
        raise Failure("the demo makes a SQLite file of its own; --store takes redis://… or postgresql://…")
    address = Address(url, f"reliakit_demo_{token_hex(4)}")
    store = open_store(address, Path())
    try:
        await store.last()  # the first use: says what is wrong before anything is started
    finally:
        await store.close()
    try:
        yield address
    finally:
        await (_drop_schema(address) if url.startswith("postgresql:") else _drop_keys(address))


async def _drop_schema(address: Address) -> None:
    from reliakit.drivers import postgres_address, postgres_link

    async def drop(link: postgres_link.Link) -> None:
        await link.run(f"DROP SCHEMA IF EXISTS {address.namespace} CASCADE")

    link = postgres_link.Link(postgres_address.address(address.url), drop, _PURPOSE, prepared=False)
    try:
        await link.ask("SELECT 1")
    finally:
        await link.close()


async def _drop_keys(address: Address) -> None:
    from reliakit.drivers.redis_connections import Connector, Script
    from reliakit.drivers.redis_link import Link
    from reliakit.drivers.redis_urls import parse

    where, prefix = parse(address.url), f"{{{address.namespace}}}:"
    link = Link(Connector(where, _WITHIN), where.name, _WITHIN, _PURPOSE)
    try:
        # The key tells a cluster which node has them all.
        script = Script(_FORGET, sha1(_FORGET.encode(), usedforsecurity=False).hexdigest())
        await link.run(script, [prefix], [f"{prefix}*"])
    finally:
        await link.close()
