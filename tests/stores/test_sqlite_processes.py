"""Processes that share a SQLite store: they are born at once, fork, are killed, exit, and tell each other of changes."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import pytest

from reliakit.stores.protocol import Write
from reliakit.stores.sqlite import SQLiteStore
from reliakit.testing.store_ground import end, following

ROOT = Path(__file__).resolve().parents[2]
PREAMBLE = """
import asyncio, os, sys, threading, time
from reliakit.stores.protocol import Entry, Report, Write
from reliakit.stores.sqlite import SQLiteStore
path, name = sys.argv[1], sys.argv[2]

async def decide(store, text):
    while True:
        head = (await store.last() or Entry(0, "")).number
        found = (await store.read(["k"])).found
        write = Write("k", text, found["k"].version if found else 0)
        if await store.commit([write, Write(f"of/{text}", text, 0)], [text], head):
            return head + 1
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "store.db"


def started(path: Path, script: str, name: str = "w") -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-W", "ignore:This process:DeprecationWarning", "-c", PREAMBLE + script, str(path), name],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip


def ended(*processes: "subprocess.Popen[str]") -> list[str]:
    outputs = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes), [
        said for _, said in outputs
    ]
    return [printed for printed, _ in outputs]


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[SQLiteStore]:
    store = SQLiteStore(path, timeout=10)
    try:
        async with asyncio.timeout(60):
            yield store
    finally:
        await store.close()


BORN = """
async def work():
    store = SQLiteStore(path, timeout=20)
    for at in range(1, 26):
        await store.publish(Report(name, at, {"ok": at}, {"bad": frozenset({at})}))
        await decide(store, f"{name} {at}")
    await store.close()
asyncio.run(work())
"""


def test_processes_that_make_the_file_at_once_count_and_decide_as_one(path: Path) -> None:
    """Otherwise the workers of a host that boots would each begin a store, or lose the first counts."""
    ended(*[started(path, BORN, f"w{at}") for at in range(4)])

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


def test_workers_killed_at_any_moment_leave_a_whole_store(path: Path) -> None:
    """Otherwise one worker that the kernel kills would take the state of all others with it."""
    draw, acknowledged = Random(7), list[str]()
    for at in range(0, _KILLS, 2):
        pair = [started(path, VICTIM, f"w{at + each}") for each in range(2)]
        for victim in pair:
            acknowledged.append(_killed(victim, draw.uniform(0, 0.05)))
    assert sqlite3.connect(path).execute("PRAGMA integrity_check").fetchone() == ("ok",)
    asyncio.run(_whole(path, acknowledged))


def _killed(victim: "subprocess.Popen[str]", after: float) -> str:
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


FORK = """
store = SQLiteStore(path, timeout=20)
stop = threading.Event()
published = 0

async def engine():
    global published
    while not stop.is_set():
        published += 1
        await store.publish(Report("parent", published, {"ok": published}))
    await store.close()

async def child(name):
    for at in range(1, 11):
        await store.publish(Report(name, at, {"ok": at}))
        await decide(store, f"{name} {at}")

asyncio.run(store.last())  # used before, and not closed
running = threading.Thread(target=lambda: asyncio.run(engine()))
running.start()
children = []
for at in range(10):
    pid = os.fork()
    if pid == 0:
        asyncio.run(child(f"w{at}"))
        sys.exit(0)  # the usual end, which frees what was inherited
    children.append(pid)
for pid in children:
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
stop.set()
running.join()
assert asyncio.run(store.totals()).sums == {"ok": published + 100}, (asyncio.run(store.totals()), published)
"""


def test_parent_and_children_go_on_after_forks_in_the_midst_of_calls(path: Path) -> None:
    """Otherwise a server that loads the app first and then forks would share one connection, which breaks the file."""
    ended(started(path, FORK))
    found = sqlite3.connect(path)
    assert found.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert found.execute("SELECT count(*), max(number) FROM journal").fetchone() == (100, 100)
    found.close()


HANGING_FORK = """
hangs = threading.Event()
def now():
    hangs.set()
    time.sleep(600)

async def refused(store):
    try:
        await store.last()
    except Exception as failed:
        print(type(failed).__name__, failed)

hanging = SQLiteStore(path, now=now)
threading.Thread(target=lambda: asyncio.run(hanging.totals()), daemon=True).start()
hangs.wait()
if (pid := os.fork()) == 0:
    asyncio.run(refused(SQLiteStore(path)))
    sys.exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
"""


def test_a_child_that_was_forked_in_the_midst_of_a_call_that_hangs_leaves_the_file_alone(path: Path) -> None:
    """Otherwise it would write into what others read, as SQLite thinks that it has its parent's locks."""

    async def work() -> None:
        async with opened(path) as store:
            await store.last()

    asyncio.run(work())
    forked = started(path, HANGING_FORK)
    printed, said = forked.communicate(timeout=30)
    assert "StoreError" in printed, said
    assert "forked" in printed


EXIT = """
async def work():
    await SQLiteStore(path, now=lambda: time.sleep(NAP) or time.time()).publish(Report("w", 1))
store = SQLiteStore(path)
asyncio.run(store.last())
asyncio.run(work())
print("done")
"""


def test_an_exit_waits_for_nothing(path: Path) -> None:
    """Otherwise a disk that hangs would keep a process that is to be restarted, or a forgotten `close` would."""
    assert ended(started(path, EXIT.replace("NAP", "0"))) == ["done\n"]
    hanging = started(path, EXIT.replace("NAP", "600"))
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


def test_another_process_is_told_at_once_and_only_of_what_is_announced(path: Path) -> None:
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
            await asyncio.to_thread(ended, started(path, TOLD))
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
        asyncio.run(_used(SQLiteStore(path)))
    deadline = time.monotonic() + 10
    while threads() > before:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert not os.path.exists(f"{path}-wal"), "the last connection is closed"


async def _used(store: SQLiteStore) -> None:
    await store.last()
