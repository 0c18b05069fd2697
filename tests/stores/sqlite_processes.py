"""Python processes that share a SQLite store, as scripts."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

from reliakit.stores.sqlite import SQLiteStore

__all__ = ["Process", "Started", "ended", "opened", "starting"]

Process = subprocess.Popen[str]
Started = Callable[..., Process]
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


@contextmanager
def starting(path: Path) -> Iterator[Started]:
    """Starts scripts over a file; in the end stops what is left of them, the children of their children too."""
    groups: list[int] = []

    def start(script: str, name: str = "w") -> Process:
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore:This process:DeprecationWarning", "-c", PREAMBLE + script, str(path), name],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, start_new_session=True,
        )  # fmt: skip
        groups.append(process.pid)
        return process

    try:
        yield start
    finally:
        for group in groups:
            with suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)


def ended(*processes: Process) -> list[str]:
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
