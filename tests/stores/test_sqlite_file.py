"""The file of a SQLite store is deleted, replaced, locked, damaged, forbidden or of another version."""

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from reliakit.stores import sqlite_schema
from reliakit.stores.protocol import Report, StoreError, Write
from reliakit.stores.sqlite import SQLiteStore
from reliakit.stores.sqlite_schema import prepare
from tests.stores.sqlite_files import asked, damaged

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "state" / "store.db"


def run(work: Callable[..., Coroutine[Any, Any, Any]], *stores: SQLiteStore) -> Any:
    async def working() -> Any:
        try:
            async with asyncio.timeout(30):
                return await work(*stores)
        finally:
            for store in stores:
                await store.close()

    return asyncio.run(working())


async def filled(store: SQLiteStore) -> None:
    assert await store.commit([Write("k", "text", 0)], ["event"])
    await store.publish(Report("w1", 1, {"ok": 1}))


async def refused(store: SQLiteStore) -> str:
    with pytest.raises(StoreError) as failed:
        await store.last()
    assert str(store.path) in str(failed.value)
    return str(failed.value)


def test_only_the_owner_can_read_what_is_kept(path: Path) -> None:
    """Otherwise everyone on the host could read who was allowed what, and change it."""

    async def work(store: SQLiteStore) -> dict[str, int]:
        await filled(store)
        return {
            each.name: stat.S_IMODE(each.stat().st_mode) for each in (path.parent, *path.parent.iterdir())
        }

    assert run(work, SQLiteStore(path)) == {
        "state": 0o700, "store.db": 0o600, "store.db-wal": 0o600, "store.db-shm": 0o600,
    }  # fmt: skip


def test_the_last_to_close_leaves_one_file(path: Path) -> None:
    """Otherwise a copy of the file alone would lack what its log holds."""
    run(filled, SQLiteStore(path))
    assert [each.name for each in path.parent.iterdir()] == ["store.db"]


def test_a_file_that_is_deleted_while_it_is_used_is_made_anew(path: Path) -> None:
    """Otherwise workers would go on writing into a file that nobody can open any more."""

    async def work(one: SQLiteStore, two: SQLiteStore) -> None:
        await filled(one)
        before = await two.read(["k"])
        for each in path.parent.iterdir():
            each.unlink()
        assert not (await one.publish(Report("w1", 2, {"ok": 2}))).known, "so it publishes everything again"
        after = await two.read(["k"])
        assert after.found == {}
        assert after.revision > before.revision, (
            "else a worker would take the new state for the one that it knows"
        )
        assert await two.commit([Write("k", "new", 0)])
        assert (await one.read(["k"])).found["k"].version > before.found["k"].version

    run(work, SQLiteStore(path), SQLiteStore(path))


def test_a_file_that_is_deleted_without_its_log_is_made_anew(path: Path) -> None:
    """Otherwise the log of the old file would be played into the new one, or be deleted under it."""

    async def work(one: SQLiteStore, two: SQLiteStore, late: SQLiteStore) -> None:
        await filled(one)
        await two.last()
        os.unlink(path)
        assert await one.last() is None
        await filled(one)
        assert (await two.totals()).sums == {"ok": 1}, "it closed the old file, and looks at the new one"
        await one.publish(Report("w1", 2, {"ok": 2}))
        assert (await late.totals()).sums == (await two.totals()).sums == {"ok": 2}

    run(work, SQLiteStore(path), SQLiteStore(path), SQLiteStore(path))
    assert not damaged(path)


def test_a_file_that_is_replaced_is_read(path: Path) -> None:
    """Otherwise a backup that is put back would be seen by some workers only."""

    async def work(store: SQLiteStore, other: SQLiteStore) -> None:
        await filled(store)
        await other.publish(Report("w9", 1, {"other": 9}))
        await other.close()
        for log in path.parent.glob("store.db-*"):
            log.unlink()
        os.replace(other.path, path)
        assert (await store.totals()).sums == {"other": 9}

    run(work, SQLiteStore(path), SQLiteStore(path.with_name("backup.db")))


def test_a_file_that_is_no_database_is_named_and_left_alone(path: Path) -> None:
    """Otherwise a path that is mistyped would overwrite something, or fail without saying what to do."""
    path.parent.mkdir(parents=True)
    path.write_text("The minutes of our last meeting, which are longer than a header.\n" * 100)
    written, aside = path.read_bytes(), path.with_suffix(".txt")

    async def work(store: SQLiteStore) -> None:
        said = await refused(store)
        assert "not a database" in said
        assert "move it away" in said
        os.rename(path, aside)
        await filled(store)

    run(work, SQLiteStore(path))
    assert aside.read_bytes() == written


def test_a_database_of_another_program_is_left_alone(path: Path) -> None:
    """Otherwise our tables would turn up in the database of the app."""
    path.parent.mkdir(parents=True)
    asked(path, "CREATE TABLE orders (number)")
    assert "another program" in run(refused, SQLiteStore(path))
    assert asked(path, "SELECT name FROM sqlite_master") == [("orders",)]


class _Overtaken(sqlite3.Connection):
    """Another process makes the tables while this one is reading what there is."""

    path: Path
    in_time = False

    def execute(self, sql, *arguments):
        if "sqlite_master" in sql and not self.in_time:
            self.in_time = True
            with closing(sqlite3.connect(self.path, isolation_level=None)) as faster:
                prepare(faster, str(self.path), 0.0)
        return super().execute(sql, *arguments)


def test_a_store_that_another_process_makes_meanwhile_is_no_stranger(tmp_path: Path) -> None:
    """Otherwise one of two workers that start on a new host would be told that the store is not ours."""
    path = tmp_path / "store.db"
    with closing(sqlite3.connect(path, isolation_level=None, factory=_Overtaken)) as late:
        late.path = path
        late.execute("PRAGMA journal_mode = WAL")
        prepare(late, str(path), 0.0)


def test_a_damaged_file_says_what_to_do(path: Path) -> None:
    """Otherwise a disk that loses a block would look like a fault of ours."""
    run(filled, SQLiteStore(path))
    with path.open("r+b") as file:
        file.seek(4_096)
        file.write(b"\xff" * (path.stat().st_size - 4_096))

    assert "move it away" in run(refused, SQLiteStore(path))


def test_a_newer_generation_is_refused_and_left_alone(path: Path) -> None:
    """Otherwise a worker that was rolled back would write what its newer siblings misread."""
    run(filled, SQLiteStore(path))
    asked(path, "PRAGMA user_version = 2000")
    assert "newer reliakit" in run(refused, SQLiteStore(path))


def test_a_newer_step_is_shared(path: Path) -> None:
    """Otherwise versions could not take turns on one host during a deploy."""
    run(filled, SQLiteStore(path))
    asked(
        path,
        "CREATE TABLE later (name)",
        "ALTER TABLE documents ADD COLUMN author TEXT",
        "ALTER TABLE workers ADD COLUMN host TEXT NOT NULL DEFAULT ''",
        "PRAGMA user_version = 1007",
    )

    async def work(store: SQLiteStore) -> None:
        await store.publish(Report("w2", 1, {"ok": 2}))
        assert await store.commit([Write("new", "text", 0)], ["event"], 1)

    run(work, SQLiteStore(path))
    assert asked(path, "PRAGMA user_version") == [(1007,)]


def test_an_older_step_is_extended_under_who_uses_it(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise an upgrade would have to stop all workers of the host first."""

    async def work(older: SQLiteStore, newer: SQLiteStore) -> None:
        await filled(older)
        monkeypatch.setattr(sqlite_schema, "_STEP", 1)
        monkeypatch.setattr(sqlite_schema, "_TABLES", sqlite_schema._TABLES + "; CREATE TABLE later (name)")
        assert (await newer.totals()).sums == {"ok": 1}
        await older.publish(Report("w1", 2, {"ok": 2}))
        assert (await newer.totals()).sums == {"ok": 2}

    run(work, SQLiteStore(path), SQLiteStore(path))
    assert asked(path, "SELECT name FROM sqlite_master WHERE name = 'later'") == [("later",)]
    assert asked(path, "PRAGMA user_version") == [(1001,)]


def test_a_lock_is_waited_for_no_longer_than_said(path: Path) -> None:
    """Otherwise a shell that was left open would hold up a worker, or a read, for ever."""

    async def work(store: SQLiteStore) -> None:
        await filled(store)
        locking = sqlite3.connect(path, isolation_level=None)
        locking.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        calls = [store.publish(Report("w1", at, {"ok": at})) for at in range(2, 8)]
        failed = await asyncio.gather(*calls, return_exceptions=True)
        assert time.monotonic() - began < 0.4 + 1.0, "those that queue behind the first, too"
        assert [type(each) for each in failed] == [StoreError] * len(failed)
        assert "locked by another process" in str(failed[0])
        assert (await store.totals()).sums == {"ok": 1}, "reading needs no lock"
        locking.execute("ROLLBACK")
        locking.close()
        await store.publish(Report("w1", 9, {"ok": 9}))

    run(work, SQLiteStore(path, timeout=0.4))


def test_a_disk_that_hangs_is_given_up_and_blocks_nothing(path: Path) -> None:
    """Otherwise a file server that is gone would stop the engine, kill switches and all."""
    goes_on, turns = threading.Event(), 0

    def now() -> float:  # called on the thread, in the midst of the work
        goes_on.wait(20)
        return time.time()

    async def work(store: SQLiteStore) -> None:
        nonlocal turns
        call = asyncio.ensure_future(store.publish(Report("w1", 1, {"ok": 1})))
        while not call.done():
            turns += 1
            await asyncio.sleep(0.01)
        with pytest.raises(StoreError, match="no answer"):
            await call
        goes_on.set()
        assert (await store.publish(Report("w1", 2, {"ok": 2}))).accepted

    run(work, SQLiteStore(path, now, timeout=0.3))
    assert turns > 3


FORBIDDEN = """
import asyncio, os, sys
from reliakit.stores.protocol import Report, StoreError
from reliakit.stores.sqlite import SQLiteStore
if os.getuid() == 0:
    os.setuid(65534)
async def work():
    try:
        await SQLiteStore(sys.argv[1]).publish(Report("w1", 1))
    except StoreError as failed:
        print(failed)
asyncio.run(work())
"""


@pytest.mark.parametrize(("folder", "file"), [(0o755, 0o444), (0o700, 0o600), (0o555, None)])
def test_a_place_that_may_not_be_written_says_who_has_to_be_allowed(
    tmp_path: Path, folder: int, file: int | None
) -> None:
    """Otherwise a container with a read-only disk would fail by a word of SQLite's."""
    place = tmp_path / "place"
    place.mkdir()
    path = place / "store.db"
    if file is not None:
        run(filled, SQLiteStore(path))
        path.chmod(file)
    opened = [each for each in (tmp_path, *tmp_path.parents) if os.getuid() == 0 and each.stat().st_uid == 0]
    modes = {each: stat.S_IMODE(each.stat().st_mode) for each in opened}
    place.chmod(folder)
    if os.getuid() and folder == 0o700:
        pytest.skip("what its owner may do can't be forbidden here")
    try:
        for each, mode in modes.items():
            each.chmod(mode | 0o111)
        done = subprocess.run(
            [sys.executable, "-c", FORBIDDEN, str(path)],
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
            cwd=ROOT,
        )
    finally:
        place.chmod(0o755)
        for each, mode in modes.items():
            each.chmod(mode)
    assert str(path) in done.stdout, done.stdout + done.stderr
    assert "has to be able to read and write it" in done.stdout
