"""The whole of it in a real process: a kit with its engine, a file that breaks, and a receiver."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from reliakit import Reliakit
from reliakit.rollouts.records import stamped
from reliakit.runtime.cursors import CURSOR
from reliakit.runtime.reconciler import append
from reliakit.stores.opening import beside
from reliakit.stores.sqlite import SQLiteStore
from tests.runtime.listening import Listener, until

ROOT = Path(__file__).resolve().parents[2]
FILE = """\
format: 1
flags: {{beta: {beta}}}
notify: [{{webhook: "{url}", on: [config_rejected]}}]
"""


def _kit(tmp_path: Path, url: str, monkeypatch) -> tuple[Reliakit, Path]:
    monkeypatch.setenv("RELIAKIT_STATE_DIR", str(tmp_path / "state"))
    file = tmp_path / "reliakit.yaml"
    file.write_text(FILE.format(url=url, beta="{percentage: 10}"))
    kit = Reliakit(file)
    return kit, file


def _sends(kit: Reliakit) -> bool:
    return bool(kit._joined.notifier._cursors._positions)


def test_a_file_that_breaks_is_told_by_a_running_service(tmp_path, monkeypatch):
    """Otherwise the parts would work, and nobody be told."""

    async def scene():
        async with Listener() as ops:
            kit, file = _kit(tmp_path, ops.url, monkeypatch)
            kit.enabled("beta", "ann")
            await until(lambda: _sends(kit))
            file.write_text(FILE.format(url=ops.url, beta="{percentage: 110}"))
            await until(lambda: ops.heard, 20)
            assert "percentage" in ops.heard[0].json["data"]["sentence"]
            assert await asyncio.to_thread(kit.close)

    asyncio.run(scene())


def test_a_receiver_that_hangs_does_not_keep_a_process_from_stopping(tmp_path, monkeypatch):
    """Otherwise a deploy would wait for somebody else's server."""

    async def scene():
        async with Listener() as ops:
            never = asyncio.Event()
            ops.answers.append(never)
            kit, file = _kit(tmp_path, ops.url, monkeypatch)
            kit.enabled("beta", "ann")
            await until(lambda: _sends(kit))
            file.write_text(FILE.format(url=ops.url, beta="{percentage: 110}"))
            await until(lambda: ops.heard, 20)
            before = time.monotonic()
            assert await asyncio.to_thread(kit.close)
            assert time.monotonic() - before < 1.5
            never.set()

    asyncio.run(scene())


def test_a_killed_sender_is_followed_by_another_process(tmp_path, monkeypatch):
    """Otherwise the message about an incident would be lost to the incident."""

    async def scene():
        async with Listener() as ops:
            never = asyncio.Event()
            ops.answers.extend([200, never])
            file = tmp_path / "reliakit.yaml"
            file.write_text(FILE.format(url=ops.url, beta="{percentage: 10}"))
            store = SQLiteStore(beside(file, tmp_path))
            with _service(file, tmp_path) as sender:
                await _until_sent_from(store)
                with _service(file, tmp_path):
                    assert await append(store, [_rejected(f"line {number}") for number in range(3)])
                    await until(lambda: len(ops.heard) == 2, 20)
                    sender.kill()
                    await until(lambda: len(ops.heard) == 4, 30)
            told = [heard.json["data"]["problems"] for heard in ops.heard]
            assert told == [["line 0"], ["line 1"], ["line 1"], ["line 2"]]
            assert ops.heard[1].headers["webhook-id"] == ops.heard[2].headers["webhook-id"]
            never.set()
            await store.close()

    asyncio.run(scene())


def _rejected(line: str) -> dict[str, Any]:
    told = {"what": "config_rejected", "source": "reliakit.yaml", "at": time.time(), "lines": [line]}
    return stamped("definitions", **told)


async def _until_sent_from(store: SQLiteStore) -> None:
    """Waits until somebody has taken note of the receiver."""
    async with asyncio.timeout(20):
        while not (await store.read((CURSOR,))).found:
            await asyncio.sleep(0.02)


@contextmanager
def _service(file: Path, folder: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.runtime.service", str(file)]
    env = {**os.environ, "RELIAKIT_STATE_DIR": str(folder / "state")}
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, text=True, env=env, cwd=ROOT, stdin=pipe, stdout=pipe)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.communicate(timeout=10)
