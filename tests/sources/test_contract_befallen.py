"""Every source on a server, and every combination of them, keeps what the protocol promises whatever befalls the
servers: each promise is held against each mishap (`-m soak`), and `make test` takes those that a mishap is most likely
to break."""

import inspect
from collections.abc import Iterator
from typing import Literal

import pytest

from reliakit.sources.protocol import Content, Source, SourceError
from reliakit.testing.sources import SourceContract
from tests.sources.ends import SOURCES, Ends, Mishap, ends
from tests.sources.places import LONG

Lot = Literal["killed", "paused", "garbage", "slow", "restarted"]

LOTS: dict[Lot, str] = {
    "killed": "test_an_unreadable_source_says_so_and_is_read_again_later",
    "paused": "test_an_unreadable_source_says_so_and_is_read_again_later",
    "garbage": "test_an_unreadable_source_says_so_and_is_read_again_later",
    "slow": "test_loads_do_not_disturb_each_other",
    "restarted": "test_a_put_while_somebody_waits_is_told_each_time",
}
"""What may befall the servers, and the promise that it is most likely to break."""
PROMISES = [name for name in vars(SourceContract) if name.startswith("test_")]
TURNS = 2
CASES = [
    pytest.param(
        name, lot, promise, id=f"{name}, {lot}: {promise}", marks=() if promise == LOTS[lot] else pytest.mark.soak
    )
    for name in SOURCES
    for lot in LOTS
    for promise in PROMISES
]  # fmt: skip


class Patient:
    """Loads again while a server is being restarted, as an engine does at the next report."""

    def __init__(self, source: Source) -> None:
        self.name, self.keep_copy, self.changes = source.name, source.keep_copy, source.changes
        self._source = source

    async def load(self) -> Content:
        while True:
            try:
                return await self._source.load()
            except SourceError:
                pass  # the server refuses at once, and is back in a moment


class Befallen(SourceContract):
    """The contract over servers that something befalls: at every `put` and `damage`, or all the time.

    Args:
        ends: the servers.
        name: of the source.
        lot: what befalls them.
    """

    def __init__(self, ends: Ends, name: str, lot: Lot) -> None:
        self._ends, self._source, self._lot = ends, SOURCES[name], lot
        self._mishap: Mishap = "killed" if lot == "restarted" else lot
        ends.expect(self._mishap)
        if lot == "slow":
            ends.befall("slow", self._source.servers)

    def make_source(self) -> Source:
        source = self._source.make(self._ends)
        return Patient(source) if self._lot == "restarted" else source

    def put(self, document: str) -> None:
        if self._lot == "restarted":
            self._ends.restart(self._source.servers)
        elif self._lot != "slow":
            self._ends.mend(self._source.servers)
        self._ends.write(document, self._source.servers)
        self._ends.time.advance(LONG)

    def damage(self) -> None:
        if self._lot in ("slow", "restarted"):
            pytest.skip("then it is late, and not unreadable")
        self._ends.befall(self._mishap, self._source.servers)
        self._ends.time.advance(LONG)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ends]:
    with ends(tmp_path_factory.mktemp("valkey") / "server") as running:
        yield running


@pytest.fixture(autouse=True)
def _sound_again(servers: Ends) -> Iterator[None]:
    yield
    servers.mend()


@pytest.mark.parametrize(("name", "lot", "promise"), CASES)
def test_the_contract_holds_whatever_befalls_the_servers(
    servers: Ends, name: str, lot: Lot, promise: str
) -> None:
    """Otherwise flags would be wrong or stale on the very day on which a server is in trouble."""
    test = getattr(Befallen(servers, name, lot), promise)
    test(**({"turns": TURNS} if "turns" in inspect.signature(test).parameters else {}))


def test_what_befalls_a_server_is_felt(servers: Ends) -> None:
    """Otherwise all of the above would hold since nothing had happened."""
    for name in SOURCES:
        for lot in ("killed", "garbage"):
            contract = Befallen(servers, name, lot)
            contract.damage = lambda: None  # type: ignore[method-assign]
            with pytest.raises(BaseException, match="DID NOT RAISE"):
                getattr(contract, LOTS[lot])()
