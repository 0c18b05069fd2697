"""Servers of `odd.py`: with as many workers as wanted, over one log of what they do, and orders to them."""

import asyncio
import json
import os
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reliakit.definitions.documents import read, run
from reliakit.definitions.loading import load
from reliakit.definitions.rollouts import rollout_definition
from reliakit.rollouts.definition import RolloutDefinition
from reliakit.rollouts.events import Actor
from reliakit.rollouts.orders import Order, obey
from reliakit.runtime.documents import EVIDENCE, OVERRIDE, ROLLOUT, Pin, states_in, text_of
from reliakit.runtime.reconciler import Known, Reconciler
from reliakit.stores.opening import Address, open_store
from reliakit.stores.protocol import Write
from tests.fleet.fleets import CONFIG
from tests.servers.serving import Server, serving

__all__ = ["Log", "config", "definition_in", "now", "odd_server", "order", "pin"]

_ME = Actor("person", "ann", "ann", "desk")
now = time.monotonic
"""The clock of the log: on Linux that of all processes of a host."""


def config(
    file: Path, steps: str = "[{weight: 30, bake: 1h}, 60]", version: str = "2.4.1", rest: str = ""
) -> Path:
    """Writes definitions."""
    text = CONFIG.replace("STEPS", steps).replace("2.4.1", version)
    file.write_text(text + rest)
    return file


@dataclass(frozen=True, slots=True)
class Log:
    """What the workers told."""

    path: Path

    def lines(self, kind: str) -> list[dict[str, Any]]:
        """Returns the lines that have a field, in order."""
        if not self.path.exists():
            return []
        whole = self.path.read_text().rpartition("\n")[0]
        found = [json.loads(line) for line in whole.splitlines()]
        return [line for line in found if kind in line]

    def pids(self) -> set[int]:
        return {line["pid"] for line in self.lines("weight")}

    def in_force(self) -> dict[int, dict[str, Any]]:
        """Returns what each worker has in force, by its pid."""
        return {line["pid"]: line for line in self.lines("weight")}

    def since(self, moment: float, holds: Callable[[dict[str, Any]], bool]) -> dict[int, float]:
        """Returns when each worker had first in force, after a moment, what is looked for: seconds by pid."""
        found: dict[int, float] = {}
        for line in self.lines("weight"):
            if line["at"] > moment and holds(line):
                found.setdefault(line["pid"], line["at"] - moment)
        return found


@contextmanager
def odd_server(
    file: Path, store: str, odd: str = "", *, workers: int = 1, app: str = "odd", **environment: str
) -> Iterator[tuple[Server, Log]]:
    """Runs a server until the block ends; what it says on stderr is in `stderr-PORT` beside its log."""
    folder = file.parent
    log = folder / f"log-{file.stem}-{os.urandom(3).hex()}"
    settings = {
        "FLEET_CONFIG": str(file),
        "FLEET_STORE": store,
        "FLEET_ODD": odd,
        "FLEET_LOG": str(log),
        "RELIAKIT_STATE_DIR": str(folder / "state"),
        **environment,
    }
    command = ["-m", "uvicorn", f"tests.fleet.{app}:asgi", "--log-level", "error", "--port", "PORT"]
    many = ["--workers", str(workers)] if workers > 1 else []
    with serving([*command, *many], file, Server, **settings) as server:
        yield server, Log(log)


def definition_in(file: Path) -> RolloutDefinition:
    """Returns the rollout of a file, as a worker reads it."""
    document, _ = run(read(file.read_bytes(), str(file)))
    assert document is not None
    loaded = run(load(document, {})).definitions
    assert loaded is not None
    found = rollout_definition("shop", loaded.rollouts["shop"])
    assert found is not None
    return found


def order(url: str, file: Path, given: Order) -> float:
    """Has an order carried out, as the command line does; returns when it was about to be written."""
    definition = definition_in(file)

    async def work(store: Any) -> float | None:
        found = await store.read((ROLLOUT, EVIDENCE))
        before = states_in(found.found)["shop"]
        decided, moment = obey(definition, before.state, given, found.time, _ME), now()
        written = await Reconciler(store, dict, Known()).commit(before, decided.state, decided.events)
        return moment if written else None

    return _until_written(url, work)


def pin(url: str, flag: str, value: bool) -> float:
    """Pins a flag; returns when it was about to be written."""

    async def work(store: Any) -> float | None:
        found = await store.read((OVERRIDE + flag,))
        before = found.found.get(OVERRIDE + flag)
        text = text_of(Pin(flag, value, "an incident", "ann", found.time).to_record())
        write, moment = Write(OVERRIDE + flag, text, before.version if before else 0), now()
        return moment if await store.commit([write]) else None

    return _until_written(url, work)


def _until_written(url: str, work: Callable[[Any], Awaitable[float | None]]) -> float:
    async def attempts() -> float:
        store = open_store(Address(url), Path("unused"))
        try:
            for _ in range(20):
                if (written := await work(store)) is not None:
                    return written
            raise AssertionError("others were faster time and again")
        finally:
            await store.close()

    return asyncio.run(attempts())
