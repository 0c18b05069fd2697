"""A disk that is full under live workers and their load: requests never notice, nothing moves, and counts catch up."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from reliakit.rollouts.phases import Phase
from tests.fleet.clients import Clients
from tests.fleet.fleets import PROBES, Watched
from tests.fleet.odd_servers import Log, config, odd_server
from tests.servers.serving import until

_HUNG = 2.0
"""Seconds: a request that waited for the disk would take longer than its timeout."""
_REQUESTS = 400


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


def test_a_full_disk_costs_no_request_and_no_count(small_disk: Path, tmp_path: Path) -> None:
    """Otherwise a log file that fills the disk would take the shop along, or promote a release on half of its counts."""
    _fill(small_disk, tmp_path, 1)


@pytest.mark.soak
def test_a_disk_that_is_full_for_long_and_often(small_disk: Path, tmp_path: Path) -> None:
    """Otherwise a second bad night would do what the first one did not."""
    _fill(small_disk, tmp_path, 10)


def _fill(disk: Path, folder: Path, times: int) -> None:
    url = f"sqlite:///{disk}/shared.db"
    file, watched = config(folder / "reliakit.yaml", "[{weight: 30, requests: 1000000}]"), Watched(url)
    with odd_server(file, url, "counted", workers=2) as (server, log):
        with Clients(server.port) as clients:
            until(lambda: (at := watched.state()) and at.state.phase is Phase.RUNNING, 30)
            for _ in range(times):
                _one_outage(disk, log, clients, watched)
        assert clients.broken == 0
        assert max(clients.seconds) < _HUNG
        until(lambda: sum(watched.served().values()) == clients.answered + PROBES, 30)
        found = watched.state()
        assert found is not None
        assert (found.state.step, found.state.weight, found.state.phase) == (0, 30, Phase.RUNNING)
        assert watched.happened() == ["started", "running"]


def _one_outage(disk: Path, log: Log, clients: Clients, watched: Watched) -> None:
    happened, asked = watched.happened(), clients.answered
    _ballast(disk)
    counted, beats = sum(watched.served().values()), len(log.lines("calls"))
    until(lambda: clients.answered > asked + _REQUESTS and len(log.lines("calls")) > beats + 4, 60)
    assert sum(watched.served().values()) < asked + _REQUESTS, "the disk was never full"
    assert watched.happened() == happened
    (disk / "ballast").unlink()
    until(lambda: sum(watched.served().values()) > counted + _REQUESTS, 30)


def _ballast(disk: Path) -> None:
    """Takes all the room there is, to the last byte."""
    with (disk / "ballast").open("wb", buffering=0) as file:
        for size in (65_536, 4_096, 512, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue
