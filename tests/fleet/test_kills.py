"""Workers that are killed at any moment: nothing is broken, and nothing is lost but their last interval."""

import os
import random
import signal
import time
from pathlib import Path

import pytest

from reliakit.rollouts.phases import Phase
from tests.fleet.clients import Clients
from tests.fleet.fleets import PROBES, Watched, fleet
from tests.servers.serving import until

_INTERVAL = 2.5
"""Seconds: a beat a second, one that was under way, and a busy machine."""


def test_a_few_kills_lose_only_the_last_interval(store_url: str, tmp_path: Path) -> None:
    """Otherwise recycled workers would make releases look better or worse than they are."""
    _kill("gunicorn" if store_url.startswith("sqlite") else "uvicorn", store_url, tmp_path, 3, 1.0)


@pytest.mark.soak
@pytest.mark.parametrize("kind", ["uvicorn", "gunicorn"])
def test_fifty_kills_lose_only_the_last_intervals(kind: str, store_url: str, tmp_path: Path) -> None:
    """Otherwise a bad week would add up to a wrong decision."""
    _kill(kind, store_url, tmp_path, 50, 1.0)


def _kill(kind: str, store_url: str, folder: Path, kills: int, pause: float) -> None:
    chance, watched = random.Random(kills), Watched(store_url)
    lost = 0
    with fleet(kind, folder, store_url, steps="[20, 50]") as server, Clients(server.port) as clients:
        until(lambda: len(clients.times) >= 4, 30)
        for _ in range(kills):
            time.sleep(
                chance.uniform(0.2, pause)
            )  # a kill may come at any moment: there is nothing to wait for
            lost += _kill_one(chance, clients)
        known = len(clients.times)
        until(lambda: clients.answered > 400 and len(clients.times) >= known, 30)
        clients.__exit__()
        answered, broken = clients.answered, clients.broken
        until(lambda: sum(watched.served().values()) >= answered - lost, 15)
    counted = sum(watched.served().values())
    assert answered - lost <= counted <= answered + broken + PROBES
    happened = watched.happened()
    assert happened[0] == "started"
    assert happened.count("started") == 1
    found = watched.state()
    assert found is not None
    assert found.state.phase in (Phase.PENDING, Phase.RUNNING, Phase.SUCCESSFUL)


def _kill_one(chance: random.Random, clients: Clients) -> int:
    """Kills a worker that has answered lately; returns how many of its answers may be lost."""
    now = time.monotonic()
    lately = [pid for pid, times in list(clients.times.items()) if times[-1] > now - 1.5 and _lives(pid)]
    if not lately:
        return 0
    pid = chance.choice(lately)
    os.kill(pid, signal.SIGKILL)
    killed = time.monotonic()
    until(lambda: not _lives(pid), 10)
    return clients.lately(pid, killed, _INTERVAL)


def _lives(pid: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):  # it may end while it is read about
        return False
