"""Two versions of the stored format over one store: a rolling upgrade of reliakit, and the way back, under load."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from reliakit.rollouts import records
from reliakit.rollouts.phases import Phase
from reliakit.runtime.documents import EVIDENCE, ROLLOUT
from reliakit.stores.opening import Address, open_store
from tests.fleet.clients import Clients
from tests.fleet.fleets import PROBES, Watched
from tests.fleet.odd_servers import Log, config, odd_server
from tests.servers.serving import until

_PRESENT, _BETWEEN, _NEXT = "", "1", "2"
"""Releases: one that knows the first version alone, one that reads both and writes the first, one that writes the second."""


@pytest.mark.soak
def test_an_upgrade_and_its_rollback(
    store_url: str, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise an upgrade of reliakit, or taking it back, would leave half of the workers without the state."""
    _roll(store_url, tmp_path, capfd, monkeypatch, 2, 300)


def _roll(
    url: str,
    folder: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    workers: int,
    requests: int,
) -> None:
    """Takes a fleet from one release to the next but one, and back, some workers of each at a time."""
    monkeypatch.setattr(records, "READS", frozenset({1, 2}))  # for those who look on
    file, watched = config(folder / "reliakit.yaml"), Watched(url)
    counted: list[Clients] = []
    with ExitStack() as first, ExitStack() as second, ExitStack() as between, ExitStack() as last:
        first.enter_context(_release(file, url, _PRESENT, counted))
        until(lambda: (at := watched.state()) and at.state.phase is Phase.RUNNING, 30)
        second.enter_context(_release(file, url, _PRESENT, counted, "follows"))
        with _release(file, url, _NEXT, counted, "counted", workers=workers) as log:
            first.close()
            until(lambda: any(line["leads"] for line in log.lines("leads")), 30)
            _served(counted, requests)
            _beats(log, 5 * workers)
            assert set(_formats(url).values()) == {1}, "somebody lives who reads no other"
            second.close()
            until(lambda: set(_formats(url).values()) == {2}, 30)
            _served(counted, requests)
            between.enter_context(_release(file, url, _BETWEEN, counted, workers=workers))
            _served(counted, requests)
        until(lambda: set(_formats(url).values()) == {1}, 30)
        last.enter_context(_release(file, url, _PRESENT, counted))
        between.close()
        _served(counted, requests)
    answered = sum(clients.answered + PROBES for clients in counted)
    assert sum(watched.served().values()) == answered
    assert not any(clients.broken for clients in counted)
    assert watched.happened() == ["started", "running"]
    assert "can't read" not in capfd.readouterr().err


@contextmanager
def _release(
    file: Path, url: str, writes: str, counted: list[Clients], odd: str = "", workers: int = 1
) -> Iterator[Log]:
    """Runs workers of a release, under load."""
    running = odd_server(file, url, odd, workers=workers, app="formats", FLEET_WRITES=writes)
    with running as (server, log), Clients(server.port, threads=2) as clients:
        counted.append(clients)
        yield log


def _served(counted: list[Clients], more: int) -> None:
    """Waits until the newest release has answered so many requests more."""
    wanted = counted[-1].answered + more
    until(lambda: counted[-1].answered >= wanted, 30)


def _beats(log: Log, number: int) -> None:
    """Waits for so many reports of the workers of a release together."""
    before = len(log.lines("leads"))
    until(lambda: len(log.lines("leads")) >= before + number, 30)


def _formats(url: str) -> dict[str, int]:
    async def look() -> dict[str, int]:
        store = open_store(Address(url), Path("unused"))
        try:
            found = (await store.read((ROLLOUT, EVIDENCE))).found
        finally:
            await store.close()
        return {
            key.partition("/")[0] + "/": json.loads(document.text)["version"]
            for key, document in found.items()
        }

    return asyncio.run(look())
