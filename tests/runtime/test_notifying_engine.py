"""The whole of it in a real process: a kit with its engine, a file that breaks, and a receiver."""

import asyncio
import time
from pathlib import Path

from reliakit import Reliakit
from tests.runtime.listening import Listener, until

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
