"""Sources on servers and what is made of them, over wires, with whatever can befall either."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Literal, NamedTuple

from reliakit.sources.cached import Cached
from reliakit.sources.failover import Failover
from reliakit.sources.overlay import Overlay
from reliakit.sources.protocol import Source, SourceError
from reliakit.testing import ManualClock
from tests.sources.places import LONG, NAMES, Place, places, revision
from tests.sources.wires import Wire, wire_to

__all__ = ["SOURCES", "Ends", "Mishap", "Sourced", "ends", "found", "unreadable"]

Mishap = Literal["killed", "paused", "garbage", "slow"]


class Ends:
    """The servers, each with a wire to it.

    Attributes:
        direct: whether sources go past the wires, so that a server that is killed refuses them itself.
        timeout: seconds that each source of `on` has to answer.
        poll: seconds between two looks of each.
        time: what caches go by.
    """

    def __init__(self, places: dict[str, Place], wires: dict[str, Wire]) -> None:
        self._places, self._wires = places, wires
        self.time = ManualClock()
        self.expect(None)

    def expect(self, mishap: Mishap | None) -> None:
        """Makes the sources of `on` such as notice it in good time."""
        self.direct = mishap in ("killed", "paused")
        # A server that stops answering says nothing, so it has to be looked at.
        self.timeout, self.poll = (1.0, 0.2) if mishap == "paused" else (5.0, LONG)

    def put(self, word: str, names: Sequence[str] = NAMES) -> None:
        for name in names:
            self._places[name].put(word)

    def write(self, document: str, names: Sequence[str]) -> None:
        for name in names:
            self._places[name].write(document)

    def restart(self, names: Sequence[str]) -> None:
        self.befall("killed", names)
        self.mend(names)

    def befall(self, mishap: Mishap, names: Sequence[str] = NAMES) -> None:
        for name in names:
            if mishap == "killed":
                self._places[name].stop()
            elif mishap == "paused":
                self._places[name].pause()
            else:
                self._wires[name].become(mishap)

    def mend(self, names: Sequence[str] = NAMES) -> None:
        """Takes back whatever has befallen them."""
        for name in names:
            self._places[name].mend()
            if self._wires[name].mood != "through":
                self._wires[name].become("through")

    def on(self, name: str) -> Source:
        """Returns a source on one of the servers."""
        port = 0 if self.direct else self._wires[name].port
        return self._places[name].source(self.timeout, self.poll, port)

    def cached(self, source: Source) -> Source:
        return Cached(source, LONG, now=self.time.monotonic)


class Sourced(NamedTuple):
    """A source, and the servers that it reads."""

    make: Callable[[Ends], Source]
    servers: tuple[str, ...]


SOURCES: dict[str, Sourced] = {
    "http": Sourced(lambda ends: ends.on("http"), ("http",)),
    "valkey": Sourced(lambda ends: ends.on("valkey"), ("valkey",)),
    "postgres": Sourced(lambda ends: ends.on("postgres"), ("postgres",)),
    "failover": Sourced(
        lambda ends: Failover(ends.on("http"), ends.on("valkey"), back=0.1), ("http", "valkey")
    ),
    "overlay": Sourced(lambda ends: Overlay(ends.on("postgres"), ends.on("http")), ("postgres", "http")),
    "cached": Sourced(lambda ends: ends.cached(ends.on("valkey")), ("valkey",)),
    "all of them": Sourced(
        lambda ends: ends.cached(
            Failover(Overlay(ends.on("http"), ends.on("postgres")), ends.on("valkey"), back=0.1)
        ),
        ("http", "postgres", "valkey"),
    ),
}


@contextmanager
def ends(folder: Path) -> Iterator[Ends]:
    with places(folder) as running, ExitStack() as stack:
        wires = {name: stack.enter_context(wire_to(place.server.port)) for name, place in running.items()}
        yield Ends(running, wires)


async def found(source: Source, changes: AsyncIterator[None], word: str) -> None:
    """Does as the engine does, until the source holds something; it may fail meanwhile."""
    while True:
        try:
            if revision((await source.load()).text) == word:
                return
        except SourceError:
            pass  # it is not back yet
        await anext(changes)


async def unreadable(source: Source, changes: AsyncIterator[None]) -> None:
    """Does the same until it fails; what is told first may be another connection's last good word."""
    while True:
        try:
            await source.load()
        except SourceError:
            return
        await anext(changes)
