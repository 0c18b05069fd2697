"""Sources made of others keep what the protocol promises."""

import json
from pathlib import Path

import pytest

from reliakit.sources.cached import Cached
from reliakit.sources.failover import Failover
from reliakit.sources.file import FileSource
from reliakit.sources.memory import MemorySource
from reliakit.sources.overlay import Overlay
from reliakit.sources.protocol import Source
from reliakit.testing import ManualClock
from reliakit.testing.sources import SourceContract


class OverFile(SourceContract):
    @pytest.fixture(autouse=True)
    def file(self, tmp_path: Path) -> None:
        self.path = tmp_path / "reliakit.yaml"

    def inner(self) -> Source:
        return FileSource(self.path, poll=0.01, settle=0.1)

    def put(self, document: str) -> None:
        self.path.write_text(document)

    def damage(self) -> None:
        self.path.unlink()


class TestFailoverThatReadsTheFirst(OverFile):
    def make_source(self) -> Source:
        return Failover(self.inner(), MemorySource({}))

    def damage(self) -> None:
        pytest.skip("then the second is read")


class TestFailoverThatReadsTheLast(OverFile):
    def make_source(self) -> Source:
        return Failover(FileSource("/nowhere/reliakit.yaml", poll=0.01), self.inner(), back=60)


class TestOverlayWhoseBaseChanges(OverFile):
    def make_source(self) -> Source:
        return Overlay(self.inner(), MemorySource({"flags": {"other": {"otherwise": True}}}))


class TestOverlayThatChanges(OverFile):
    def make_source(self) -> Source:
        return Overlay(MemorySource({"flags": {"probe": {"variants": {"text": "base"}}}}), self.inner())


class TestOverlayOfOverlays(OverFile):
    def make_source(self) -> Source:
        first = Overlay(MemorySource({}), self.inner())
        return Overlay(first, Overlay(MemorySource({"revision": "a"}), MemorySource({"revision": "b"})))


class TestCachedThatIsTold(SourceContract):
    """Nothing but what it is told ends what it keeps."""

    ages = False

    @pytest.fixture(autouse=True)
    def memory(self) -> None:
        self.source, self.clock = MemorySource({}), ManualClock()

    def make_source(self) -> Source:
        return Cached(self.source, 60, now=self.clock.monotonic)

    def put(self, document: str) -> None:
        self.source.set(json.loads(document))
        if self.ages:
            self.clock.advance(60)

    def test_load_returns_what_was_put(self) -> None:
        """Where nobody listens, a document is as old as was allowed, and no older."""
        self.ages = True
        super().test_load_returns_what_was_put()


class TestCachedOverAFile(OverFile):
    @pytest.fixture(autouse=True)
    def clock(self) -> None:
        self.time = ManualClock()

    def make_source(self) -> Source:
        return Cached(self.inner(), 60, now=self.time.monotonic)

    def put(self, document: str) -> None:
        super().put(document)
        self.time.advance(60)

    def damage(self) -> None:
        super().damage()
        self.time.advance(60)
