"""Processes that share a SQLite store: they are born at once, are killed, exit, and tell each other of changes."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from reliakit.stores.protocol import Write
from reliakit.stores.sqlite import SQLiteStore
from reliakit.testing.store_ground import end, following
from tests.stores.sqlite_files import damaged
from tests.stores.sqlite_processes import Process, Started, ended, opened, starting


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "store.db"


@pytest.fixture
def started(path: Path) -> Iterator[Started]:
    with starting(path) as start:
        yield start


BORN = """
async def work():
    store = SQLiteStore(path, timeout=20)
    for at in range(1, 26):
        await store.publish(Report(name, at, {"ok": at}, {"bad": frozenset({at})}))
        await decide(store, f"{name} {at}")
    await store.close()
asyncio.run(work())
"""


def test_processes_that_make_the_file_at_once_count_and_decide_as_one(path: Path, started: Started) -> None:
    """Otherwise the workers of a host that boots would each begin a store, or lose the first counts."""
    ended(*[started(BORN, f"w{at}") for at in range(4)])

    async def work() -> None:
        async with opened(path) as store:
            totals = await store.totals()
            assert totals.sums == {"ok": 100}
            assert totals.marks == {"bad": 25}
            entries = await store.journal()
            assert [entry.number for entry in entries] == list(range(1, 101))
            assert {entry.text for entry in entries} == {
                f"w{at} {step}" for at in range(4) for step in range(1, 26)
            }

    asyncio.run(work())


VICTIM = """
async def work():
    store, at = SQLiteStore(path, timeout=20), 0
    while True:
        at += 1
        await store.publish(Report(name, at, {"a": at, "z": at, name: at}, {"bad": frozenset({at % 8})}))
        number = await decide(store, f"{name}-{at}")
        print(number, f"{name}-{at}", flush=True)
asyncio.run(work())
"""
_KILLS = 20


def test_workers_killed_at_any_moment_leave_a_whole_store(path: Path, started: Started) -> None:
    """Otherwise one worker that the kernel kills would take the state of all others with it."""
    draw, acknowledged = Random(7), list[str]()
    for at in range(0, _KILLS, 2):
        pair = [started(VICTIM, f"w{at + each}") for each in range(2)]
        for victim in pair:
            acknowledged.append(_killed(victim, draw.uniform(0, 0.05)))
    assert not damaged(path)
    asyncio.run(_whole(path, acknowledged))


def _killed(victim: Process, after: float) -> str:
    """Kills it in the midst of its work; returns the last commit that it was told of."""
    assert victim.stdout is not None
    victim.stdout.readline()  # it works by now
    time.sleep(after)  # the moment is what is drawn
    victim.send_signal(signal.SIGKILL)
    printed, said = victim.communicate(timeout=20)
    assert victim.returncode == -signal.SIGKILL, said
    whole = printed.split("\n")[:-1]
    return whole[-1] if whole else ""


async def _whole(path: Path, acknowledged: list[str]) -> None:
    async with opened(path) as store:
        entries = await store.journal(limit=1_000_000)
        assert [entry.number for entry in entries] == list(range(1, len(entries) + 1))
        assert (await store.read(["k"])).found["k"].text == entries[-1].text
        assert set((await store.read(["of/"])).found) == {f"of/{entry.text}" for entry in entries}
        for told in filter(None, acknowledged):
            number, text = told.split(" ")
            assert entries[int(number) - 1].text == text, "what was acknowledged is there"
        sums = dict((await store.totals()).sums)
        a, z = sums.pop("a"), sums.pop("z")
        assert a == z == sum(sums.values())
        workers = (await store.totals()).workers
        assert len(workers) == _KILLS
        assert all([await store.retire(worker.name, 0) for worker in workers])


EXIT = """
async def work():
    await SQLiteStore(path, now=lambda: time.sleep(NAP) or time.time()).publish(Report("w", 1))
store = SQLiteStore(path)
asyncio.run(store.last())
asyncio.run(work())
print("done")
"""


def test_an_exit_waits_for_nothing(path: Path, started: Started) -> None:
    """Otherwise a disk that hangs would keep a process that is to be restarted, or a forgotten `close` would."""
    assert ended(started(EXIT.replace("NAP", "0"))) == ["done\n"]
    hanging = started(EXIT.replace("NAP", "600"))
    _, said = hanging.communicate(timeout=30)
    assert hanging.returncode == 1
    assert "StoreError" in said


TOLD = """
async def work():
    store = SQLiteStore(path)
    await decide(store, name)
    await store.close()
asyncio.run(work())
"""


def test_another_process_is_told_at_once_and_only_of_what_is_announced(path: Path, started: Started) -> None:
    """Otherwise a kill switch would take seconds, or every worker would read all state each second."""

    async def work() -> None:
        async with opened(path) as store, opened(path) as other:
            await store.read([])
            changes = store.changes()
            waiting = following(changes)
            assert await other.commit([Write("quiet", "text", 0)], ["event"], announce=False)
            assert await store.commit([Write("quieter", "text", 0)], announce=False)
            done, _ = await asyncio.wait([waiting], timeout=0.35)
            assert not done
            await asyncio.to_thread(ended, started(TOLD))
            began = time.monotonic()
            await asyncio.wait_for(waiting, 5)
            assert time.monotonic() - began < 0.3, "asked ten times a second"
            waiting = following(changes)
            assert await store.commit([Write("own", "text", 0)])
            await asyncio.wait_for(waiting, 5)
            await end(changes)

    asyncio.run(work())


def test_stores_that_are_forgotten_leave_no_thread(path: Path) -> None:
    """Otherwise a program that makes a store for every command would collect threads and open files."""

    def threads() -> int:
        return sum(each.name == "reliakit-sqlite" for each in threading.enumerate())

    before = threads()
    for _ in range(5):
        asyncio.run(SQLiteStore(path).last())
    deadline = time.monotonic() + 10
    while threads() > before:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert not os.path.exists(f"{path}-wal"), "the last connection is closed"
