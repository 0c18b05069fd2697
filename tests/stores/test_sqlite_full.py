"""A disk that is full makes a SQLite store fail, and nothing is lost or torn by it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

WORK = """
import asyncio, os, resource, sqlite3, sys
from pathlib import Path
from reliakit.stores.protocol import Report, StoreError, Write
from reliakit.stores.sqlite import SQLiteStore

path = Path(sys.argv[1])
FILL
async def until_full(store):
    said, number = "", 0
    while not said:
        try:
            assert await store.commit([Write(f"k{number}", "x" * 20_000, 0)], [f"{number}"], number)
            number += 1
        except StoreError as failed:
            said = str(failed)
        assert number < 2_000, "it never got full"
    return said, number

async def work():
    store = SQLiteStore(path)
    await store.publish(Report("w1", 1, {"ok": 1}))
    fill()
    said, number = await until_full(store)
    assert str(path) in said and "full" in said, said
    assert (await store.last()).number == number, "what was acknowledged is there, and no more"
    assert len((await store.read([""])).found) == number
    make_room()
    assert await store.commit([Write(f"k{number}", "text", 0)], ["next"], number)
    assert (await store.publish(Report("w1", 2, {"ok": 2}))).known
    assert (await store.totals()).sums == {"ok": 2}
    await store.close()
    assert sqlite3.connect(path).execute("PRAGMA integrity_check").fetchone() == ("ok",)
    print("recovered")

asyncio.run(work())
"""

BY_LIMIT = """
def fill(): resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, resource.RLIM_INFINITY))
def make_room(): resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
"""
BY_BALLAST = """
ballast = path.with_name("ballast")
def fill(): ballast.write_bytes(b"x" * 3_000_000)
def make_room(): ballast.unlink()
"""


def ran(path: Path, fill: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", WORK.replace("FILL", fill), str(path)],
        capture_output=True, text=True, timeout=60, check=False, cwd=ROOT,
    )  # fmt: skip
    return done.stdout + done.stderr


def test_a_file_at_its_limit_is_a_store_error_and_recovers(tmp_path: Path) -> None:
    """Otherwise a worker at a quota would lose decisions that it has announced, or never write again."""
    assert ran(tmp_path / "store.db", BY_LIMIT) == "recovered\n"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    if os.getuid() or not sys.platform.startswith("linux"):
        pytest.skip("only root can mount a small disk")
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", place], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no disk can be mounted here")
    yield place
    subprocess.run(["umount", place], check=True)


def test_a_full_disk_is_a_store_error_and_recovers(small_disk: Path) -> None:
    """Otherwise a log file that fills the disk would take the state of all releases with it."""
    assert ran(small_disk / "store.db", BY_BALLAST) == "recovered\n"
