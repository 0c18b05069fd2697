"""Servers that load the app first and then fork, with a SQLite store that is in use."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stores.sqlite_files import asked, damaged
from tests.stores.sqlite_processes import Started, ended, opened, starting


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "store.db"


@pytest.fixture
def started(path: Path) -> Iterator[Started]:
    with starting(path) as start:
        yield start


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


def test_parent_and_children_go_on_after_forks_in_the_midst_of_calls(path: Path, started: Started) -> None:
    """Otherwise a server that loads the app first and then forks would share one connection, which breaks the file."""
    ended(started(FORK))
    assert not damaged(path)
    assert asked(path, "SELECT count(*), max(number) FROM journal") == [(100, 100)]


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


def test_a_child_that_was_forked_in_the_midst_of_a_call_that_hangs_leaves_the_file_alone(
    path: Path, started: Started
) -> None:
    """Otherwise it would write into what others read, as SQLite thinks that it has its parent's locks."""

    async def work() -> None:
        async with opened(path) as store:
            await store.last()

    asyncio.run(work())
    forked = started(HANGING_FORK)
    printed, said = forked.communicate(timeout=30)
    assert "StoreError" in printed, said
    assert "forked" in printed
