"""A process of its own that uses a PostgreSQL store: `python -m tests.stores.postgres_worker URL SCHEMA WORK NAME`.

It begins when it reads a line, so that several begin at once.
"""

import asyncio
import os
import sys

from reliakit.stores.postgres import PostgresStore
from reliakit.testing.store_ground import publish

REPORTS, SHARED = 60, [f"shared/{number}" for number in range(20)]


async def counting(store: PostgresStore, name: str) -> None:
    """Reports often, of series that others report too, in an order of its own."""
    series = SHARED if name < "w2" else SHARED[::-1]
    for sequence in range(1, REPORTS + 1):
        await publish(
            store, name, sequence, dict.fromkeys(series, sequence), {"bad": {sequence}, "slow": {1}}
        )
    await store.close()


async def once(store: PostgresStore, name: str) -> None:
    await publish(store, name, 1, {"ok": 1})
    await store.close()


async def unclosed(store: PostgresStore, name: str) -> None:
    await publish(store, name, 1, {"ok": 1})


def main(url: str, schema: str, work: str, name: str) -> None:
    store = PostgresStore(url, schema, timeout=20)
    sys.stdin.readline()
    if work == "forking":
        asyncio.run(unclosed(store, name))
        child = os.fork()
        asyncio.run(once(store, f"{name} {'parent' if child else 'child'}"))
        if child:
            assert os.waitpid(child, 0)[1] == 0
        return
    asyncio.run({"counting": counting, "once": once}[work](store, name))


if __name__ == "__main__":
    main(*sys.argv[1:])
