"""Every source keeps what the protocol promises, ours and one as a third party would write it."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from reliakit.sources.environment import EnvironmentSource
from reliakit.sources.file import FileSource
from reliakit.sources.memory import MemorySource
from reliakit.sources.protocol import Content, Source, SourceError
from reliakit.testing.sources import SourceContract


class TestMemorySource(SourceContract):
    @pytest.fixture(autouse=True)
    def memory(self) -> None:
        self.source = MemorySource({})

    def make_source(self) -> Source:
        return self.source

    def put(self, document: str) -> None:
        self.source.set(json.loads(document))


class TestFileSource(SourceContract):
    @pytest.fixture(autouse=True)
    def file(self, tmp_path: Path) -> None:
        self.path = tmp_path / "reliakit.yaml"

    def make_source(self) -> Source:
        return FileSource(self.path, poll=0.01, settle=0.1)

    def put(self, document: str) -> None:
        self.path.write_text(document)

    def damage(self) -> None:
        self.path.unlink()


class TestFileSourceOverRenames(TestFileSource):
    def put(self, document: str) -> None:
        beside = self.path.with_suffix(".new")
        beside.write_text(document)
        os.replace(beside, self.path)


class TestEnvironmentSource(SourceContract):
    changing = False

    @pytest.fixture(autouse=True)
    def environment(self) -> None:
        self.environ: dict[str, str] = {"HOME": "/"}

    def make_source(self) -> Source:
        return EnvironmentSource(self.environ)

    def put(self, document: str) -> None:
        self.environ["RELIAKIT_FLAG_PROBE"] = json.loads(document)["flags"]["probe"]["variants"]["text"]


class Polling:
    """A source as a third party would write it: over a table, asked again and again."""

    name = "the flags table"
    keep_copy = True

    def __init__(self, table: dict[str, Any]) -> None:
        self._table = table

    async def load(self) -> Content:
        await asyncio.sleep(0)
        if self._table["down"]:
            raise SourceError("the flags table is locked; try again when the migration is over")
        return Content(self.name, self._table["text"].encode(), "json")

    def changes(self) -> AsyncIterator[None]:
        return self._since(self._table["version"])

    async def _since(self, seen: int) -> AsyncIterator[None]:
        while True:
            await asyncio.sleep(0.005)
            if self._table["version"] != seen:
                seen = self._table["version"]
                yield


class TestThirdPartySource(SourceContract):
    @pytest.fixture(autouse=True)
    def table(self) -> None:
        self.held: dict[str, Any] = {"version": 0, "text": "", "down": False}

    def make_source(self) -> Source:
        return Polling(self.held)

    def put(self, document: str) -> None:
        self.held.update(text=document, version=self.held["version"] + 1, down=False)

    def damage(self) -> None:
        self.held["down"] = True


class _Deaf(Polling):
    """Starts to listen when it is first waited for, not when it is asked to."""

    async def changes(self) -> AsyncIterator[None]:
        seen = self._table["version"]
        while True:
            await asyncio.sleep(0.005)
            if self._table["version"] != seen:
                seen = self._table["version"]
                yield


class _Ending(Polling):
    async def changes(self) -> AsyncIterator[None]:
        return
        yield


class _Stale(Polling):
    """Answers from a cache that nothing empties."""

    async def load(self) -> Content:
        self.__dict__.setdefault("cached", await super().load())
        return self.__dict__["cached"]


class _Raising(Polling):
    async def load(self) -> Content:
        if self._table["down"]:
            raise ConnectionError
        return await super().load()


@pytest.mark.parametrize(
    ("faulty", "test"),
    [
        (_Deaf, "test_a_put_after_changes_was_called_is_told"),
        (_Ending, "test_nothing_is_told_while_nothing_changes_and_watching_never_ends"),
        (_Stale, "test_load_returns_what_was_put"),
        (_Raising, "test_an_unreadable_source_says_so_and_is_read_again_later"),
    ],
)
def test_the_contract_finds_a_faulty_source(faulty: type[Polling], test: str) -> None:
    """Otherwise a third party would be told that a source works which loses edits."""

    class Contract(TestThirdPartySource):
        within = 0.2

        def make_source(self) -> Source:
            return faulty(self.held)

    contract = Contract()
    contract.held = {"version": 0, "text": "", "down": False}
    with pytest.raises((AssertionError, TimeoutError, ConnectionError, StopAsyncIteration, RuntimeError)):
        getattr(contract, test)()
