"""Six processes behind a gateway, and the command that replaces them."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from reliakit.failover.events import Event
from reliakit.failover.rolling.phases import Phase
from reliakit.failover.rolling.state import RollingState
from reliakit.runtime.controlled import Controlled
from reliakit.runtime.journal import read_entry
from reliakit.stores.opening import Address, open_store
from tests.rolling import hook
from tests.servers.serving import ROOT, free_port, until

__all__ = ["Site", "site"]


class Site:
    """Where the processes run, and what is written of them.

    Args:
        folder: of the definitions, in which hooks run.
        count: of endpoints.
        spares: of endpoints beside them.
        store: its URL; a file in the folder by default.
    """

    def __init__(self, folder: Path, count: int, spares: int = 0, store: str = "") -> None:
        self.folder, self.file = folder, folder / "reliakit.yaml"
        self.store = store or f"sqlite:///{folder}/shared.db"
        self.ports = [str(free_port()) for _ in range(count)]
        self.spares = [str(free_port()) for _ in range(spares)]

    def definitions(self, **rolling: Any) -> dict[str, Any]:
        """Returns definitions; what is given is of `rolling`."""
        script = str(ROOT / "tests/rolling/hook.py")
        command = {"command": [sys.executable, script, "start"], "timeout": "5s", "attempts": 5}
        places = [{"url": _url(port)} for port in self.ports]
        spares = [{"url": _url(port), "spare": True} for port in self.spares]
        section = {
            "replace": command,
            "undo": command,
            "stop": {**command, "command": [sys.executable, script, "stop"]},
            "max_unavailable": 2,
            "drain": "10s",
            "ready": "15s",
            "bake": "1s",
            **rolling,
        }
        shop = {
            "endpoints": places + spares,
            "health_check": {
                "http": "/healthz", "interval": "200ms", "jitter": "50ms", "timeout": "500ms", "healthy_threshold": 1,
            },
            "rolling": section,
        }  # fmt: skip
        return {"format": 1, "upstreams": {"shop": shop}, "routes": [{"upstream": "shop"}]}

    def text(self, **rolling: Any) -> str:
        """Returns them as text, but for the format."""
        definitions = self.definitions(**rolling)
        return "".join(
            f"{key}: {json.dumps(value)}\n" for key, value in definitions.items() if key != "format"
        )

    def say(self, name: str, text: object) -> None:
        """Tells the hooks how to behave from now on."""
        (self.folder / name).write_text(str(text))

    @property
    def versions(self) -> list[str]:
        """What runs at each endpoint, as the hooks have it; nothing where nothing does."""
        pids = [self.folder / port for port in (*self.ports, *self.spares)]
        return [pid.read_text().split()[1] if pid.exists() else "" for pid in pids]

    @property
    def ran(self) -> list[tuple[str, int, str, int]]:
        """Verb, number of the endpoint, version and attempt of each hook that was run."""
        file, ports = self.folder / "ran", [*self.ports, *self.spares]
        lines = file.read_text().splitlines() if file.exists() else []
        return [
            (verb, ports.index(port), version, int(attempt))
            for verb, port, version, attempt in (line.split(" ") for line in lines)
        ]

    def order(self, *arguments: str, code: int = 0) -> str:
        """Runs `reliakit rolling` and returns what it prints."""
        command = [
            sys.executable,
            "-m",
            "reliakit",
            "rolling",
            *arguments,
            "--file",
            str(self.file),
            "--store",
            self.store,
        ]
        environ = {**os.environ, "RELIAKIT_STATE_DIR": str(self.folder / "state")}
        ended = subprocess.run(
            command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=30, check=False
        )
        assert ended.returncode == code, ended.stdout + ended.stderr
        return ended.stdout + ended.stderr

    @property
    def state(self) -> RollingState | None:
        """Where the replacement stands."""
        return asyncio.run(self._look())

    async def _look(self) -> RollingState | None:
        store = open_store(Address(self.store), self.folder)
        try:
            held = (await Controlled(store, "rolling", RollingState.from_record).load()).get("shop")
            return held.state if held else None
        finally:
            await store.close()

    def ended(self, phase: Phase, within: float = 60.0) -> RollingState:
        """Waits until the replacement has ended, as it should."""
        over = (Phase.SUCCESSFUL, Phase.FAILED, Phase.ERROR)
        found: RollingState = until(lambda: (now := self.state) and now.phase in over and now, within)
        assert found.phase is phase, found
        return found

    def journal(self) -> list[Event]:
        """Returns the events of replacements."""
        return asyncio.run(self._told())

    async def _told(self) -> list[Event]:
        store = open_store(Address(self.store), self.folder)
        try:
            events = [read_entry(entry.text).event for entry in await store.journal()]
        finally:
            await store.close()
        return [Event.from_record(event) for event in events if event["kind"] == "failover_event"]


def _url(port: str) -> str:
    return f"http://127.0.0.1:{port}"


@contextmanager
def site(folder: Path, count: int = 6, spares: int = 0, store: str = "") -> Iterator[Site]:
    """Runs version 1 at each endpoint until the block ends, whatever runs there by then."""
    found = Site(folder, count, spares, store)
    try:
        for port in found.ports:
            environ = {
                **os.environ,
                "RELIAKIT_TARGET": _url(port),
                "RELIAKIT_VERB": "start",
                "RELIAKIT_ATTEMPT": "1",
            }
            script = [sys.executable, str(ROOT / "tests/rolling/hook.py"), "start"]
            subprocess.run(script, cwd=folder, env=environ, check=True, capture_output=True)
        (folder / "ran").unlink()
        yield found
    finally:
        for port in (*found.ports, *found.spares):
            hook.stop(folder / port)
