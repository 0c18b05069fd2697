"""Fleets of real workers over real stores."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from reliakit.core.rollouts import Assignment
from reliakit.rollouts.served import gather
from reliakit.runtime.documents import EVIDENCE, ROLLOUT, Versioned, states_in
from reliakit.runtime.journal import read_entry, verify
from reliakit.stores.opening import Address, open_store
from reliakit.stores.protocol import Entry, Totals
from tests.servers.serving import Server, serving

__all__ = ["CONFIG", "PROBES", "Watched", "fleet"]

CONFIG = """
format: 1
upstreams: {shop-v2: in_process}
flags: {banner: {percentage: 50}}
rollouts:
  shop:
    slots: {blue: {upstream: app}, green: {upstream: shop-v2}}
    initial: blue
    steps: STEPS
    sticky: none
    release: {to: green, version: 2.4.1}
routes:
  - {path_prefix: /, rollout: shop}
"""

_COMMANDS = {
    "uvicorn": ["-m", "uvicorn", "tests.fleet.app:asgi", "--log-level", "error", "--workers", "4", "--port", "PORT"],
    "gunicorn": [
        "-m", "gunicorn", "tests.fleet.app:wsgi", "--log-level", "error", "--worker-class", "gthread", "--threads",
        "4", "--workers", "4", "--bind", "127.0.0.1:PORT",
    ],
}  # fmt: skip


PROBES = 1
"""Requests that are answered before a server is taken to be up; nobody but the workers counts them."""


@contextmanager
def fleet(
    kind: str,
    folder: Path,
    store: str,
    *,
    steps: str = "[5, 10, 20, 40, 80]",
    green: float = 0.0,
    blue: float = 0.0,
) -> Iterator[Server]:
    """Runs four workers until the block ends; a release starts with them."""
    config = folder / "reliakit.yaml"
    config.write_text(CONFIG.replace("STEPS", steps))
    environment = {
        "FLEET_CONFIG": str(config),
        "FLEET_STORE": store,
        "FLEET_GREEN": str(green),
        "FLEET_BLUE": str(blue),
        "RELIAKIT_STATE_DIR": str(folder / "state"),
    }
    with serving(_COMMANDS[kind], config, Server, **environment) as server:
        yield server


class Watched:
    """Looks into a store from outside, on a loop of its own each time."""

    def __init__(self, url: str) -> None:
        self._url = url

    def state(self, rollout: str = "shop") -> Versioned | None:
        async def work(store: Any) -> Any:
            return states_in((await store.read((ROLLOUT, EVIDENCE))).found).get(rollout)

        found: Versioned | None = self._run(work)
        return found

    def totals(self) -> Totals:
        async def work(store: Any) -> Any:
            return await store.totals("r|")

        found: Totals = self._run(work)
        return found

    def served(self) -> dict[str, int]:
        """Returns how many requests were counted for each slot, over all releases."""
        totals, found = self.totals(), {"blue": 0, "green": 0}
        numbers = {int(name.split("|")[2]) for name in totals.sums}
        for number in numbers:
            for (slot, assignment, _), served in gather(totals.sums, "shop", number).items():
                if assignment == Assignment.SPLIT:
                    found[slot] += sum(served.outcomes)
        return found

    def retire(self, worker: str, silent: float) -> bool:
        async def work(store: Any) -> Any:
            return await store.retire(worker, silent)

        return bool(self._run(work))

    def journal(self) -> list[Entry]:
        async def work(store: Any) -> Any:
            return await store.journal(limit=100_000)

        found: list[Entry] = list(self._run(work))
        return found

    def happened(self) -> list[str]:
        """Returns what happened to rollouts, checked: an unbroken chain from the first entry, each event once."""
        entries = self.journal()
        assert [entry.number for entry in entries] == list(range(1, len(entries) + 1))
        assert list(verify(entries)) == []
        events = [read_entry(entry.text).event for entry in entries]
        moves = [
            (event["what"], event["release"][0], event["at"]) for event in events if event["kind"] == "event"
        ]
        assert len(moves) == len(set(moves))
        return [what for what, _, _ in moves]

    def _run(self, work: Any) -> Any:
        async def run() -> Any:
            store = open_store(Address(self._url), Path("unused"))
            try:
                return await work(store)
            finally:
                await store.close()

        return asyncio.run(run())
