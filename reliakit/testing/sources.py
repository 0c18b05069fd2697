"""What every source of definitions has to do, as tests that a source of your own inherits.

```python
class TestMySource(SourceContract):
    def make_source(self) -> Source:
        return MySource(self.table)

    def put(self, document: str) -> None:
        self.table["flags"] = document
```
"""

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine
from typing import Any, ClassVar, TypeVar

import pytest

from reliakit.definitions.documents import run
from reliakit.sources.protocol import Source, SourceError
from reliakit.sources.reading import read_content

__all__ = ["SourceContract"]

T = TypeVar("T")


class SourceContract:
    """Inherit it in a class whose name starts with `Test`, and say how to make the source and fill it.

    Fixtures work as in any test class; one with `autouse=True` can prepare what the methods need. Every test runs
    event loops of its own, so no plugin is needed.

    Attributes:
        within: seconds in which a change has to be told.
        quiet: seconds for which a source is watched while nothing changes.
        changing: False for a source whose document stays as it is for the life of the process.
    """

    within: ClassVar[float] = 10.0
    quiet: ClassVar[float] = 0.3
    changing: ClassVar[bool] = True

    def make_source(self) -> Source:
        """Returns a source over what `put` fills; called more than once in some tests."""
        raise NotImplementedError

    def put(self, document: str) -> None:
        """Makes `document`, which is JSON and so YAML too, what the source holds. Called on a thread."""
        raise NotImplementedError

    def damage(self) -> None:
        """Makes the source unreadable until the next `put`. Where nothing can do that, leave it out."""
        pytest.skip("this source can't be made unreadable")

    def test_load_returns_what_was_put(self) -> None:
        """Otherwise the flags in force would not be those that somebody wrote."""

        async def work() -> list[str]:
            source, found = await self._filled("first"), []
            for word in ("second", "third"):
                found.append(await _word(source))
                await self._put(word)
            return [*found, await _word(source)]

        assert _run(work()) == ["first", "second", "third"]

    def test_content_says_where_it_is_from(self) -> None:
        """Otherwise a message could not say which document to mend."""

        async def work() -> None:
            content = await (await self._filled("first")).load()
            assert content.name
            assert isinstance(content.text, bytes)
            assert content.format in ("yaml", "toml", "json")

        _run(work())

    def test_the_name_is_the_same_in_every_process_and_at_every_time(self) -> None:
        """Otherwise a worker would not find the last good copy that its siblings keep."""

        async def work() -> set[str]:
            source = await self._filled("first")
            names = {source.name, self.make_source().name}
            await source.load()
            await self._put("second")
            return names | {source.name}

        assert len(_run(work())) == 1

    def test_it_says_whether_a_copy_is_worth_keeping(self) -> None:
        """Otherwise nobody could tell whether a worker that is born on a bad day needs one."""
        assert isinstance(self.make_source().keep_copy, bool)

    def test_loads_do_not_disturb_each_other(self) -> None:
        """Otherwise two apps over one source would read torn documents."""

        async def work() -> list[str]:
            source = await self._filled("first")
            return await asyncio.gather(*(_word(source) for _ in range(20)))

        assert _run(work()) == ["first"] * 20

    def test_it_outlives_an_event_loop(self) -> None:
        """Otherwise it would be read at start, on one loop, and never again by the engine, on another."""
        source = _run(self._filled("first"))

        async def work() -> str:
            changes = source.changes()
            word = await _word(source)
            waiting = _next(changes)
            await asyncio.wait([waiting], timeout=self.quiet / 10)
            await _end(changes, waiting)
            return word

        assert [_run(work()) for _ in range(3)] == ["first"] * 3

    def test_a_load_may_be_cancelled(self) -> None:
        """Otherwise one that hangs could not be given up, or would spoil those after it."""

        async def work() -> str:
            source = await self._filled("first")
            for _ in range(3):
                loading = asyncio.ensure_future(source.load())
                await asyncio.sleep(0)
                loading.cancel()
                await asyncio.wait_for(asyncio.gather(loading, return_exceptions=True), self.within)
            return await _word(source)

        assert _run(work()) == "first"

    def test_an_unreadable_source_says_so_and_is_read_again_later(self) -> None:
        """Otherwise its failure would look like ours, or be for ever."""

        async def work() -> str:
            source = await self._filled("first")
            await _word(source)
            await asyncio.to_thread(self.damage)
            with pytest.raises(SourceError) as failed:
                await source.load()
            assert str(failed.value), "the message has to say what to look at"
            await self._put("second")
            return await _word(source)

        assert _run(work()) == "second"

    def test_nothing_is_told_while_nothing_changes_and_watching_never_ends(self) -> None:
        """Otherwise every worker would reload for nothing, or stop reloading without a word."""

        async def work() -> None:
            source = await self._filled("first")
            await source.load()
            changes = source.changes()
            waiting = _next(changes)
            # One needless report is allowed: a source may not know what was loaded before it was watched.
            done, _ = await asyncio.wait([waiting], timeout=self.quiet)
            if done:
                waiting.result()
                waiting = _next(changes)
                done, _ = await asyncio.wait([waiting], timeout=self.quiet)
            assert not done
            await _end(changes, waiting)

        _run(work())

    def test_watching_may_be_cancelled_and_leaves_nothing_running(self) -> None:
        """Otherwise an engine would not stop, and restarts would leak."""

        async def work() -> None:
            source = await self._filled("first")
            await source.load()
            before = asyncio.all_tasks()
            for _ in range(3):
                changes = source.changes()
                waiting = _next(changes)
                await asyncio.wait([waiting], timeout=self.quiet / 10)
                await asyncio.wait_for(_end(changes, waiting), self.within)
            assert asyncio.all_tasks() == before

        _run(work())

    def test_a_put_after_changes_was_called_is_told(self) -> None:
        """Otherwise an edit that comes while the engine starts would be lost."""

        async def work(source: Source, changes: AsyncIterator[None]) -> None:
            await self._put("second")
            await self._told(source, changes, "second")

        self._watch(work)

    def test_a_put_while_somebody_waits_is_told_each_time(self) -> None:
        """Otherwise only the first edit of a process's life would arrive."""

        async def work(source: Source, changes: AsyncIterator[None]) -> None:
            for word in ("second", "third", "fourth"):
                waiting = asyncio.ensure_future(self._told(source, changes, word))
                await asyncio.wait([waiting], timeout=self.quiet / 10)
                await self._put(word)
                await waiting

        self._watch(work)

    @pytest.mark.parametrize("turns", [0, 1, 2, 5])
    def test_a_put_during_a_load_is_told(self, turns: int) -> None:
        """Otherwise what was half read would stay in force until the next edit."""

        async def work(source: Source, changes: AsyncIterator[None]) -> None:
            loading = asyncio.ensure_future(_word(source))
            for _ in range(turns):
                await asyncio.sleep(0)
            await self._put("second")
            if await loading != "second":
                await self._told(source, changes, "second")

        self._watch(work)

    def test_everyone_who_watches_is_told(self) -> None:
        """Otherwise of two apps over one source one would miss every other edit."""

        async def work(source: Source, changes: AsyncIterator[None]) -> None:
            others = [source.changes() for _ in range(3)]
            await self._put("second")
            await asyncio.gather(*(self._told(source, each, "second") for each in (changes, *others)))
            await asyncio.gather(*(_end(each) for each in others))

        self._watch(work)

    async def _filled(self, word: str) -> Source:
        await self._put(word)
        return self.make_source()

    async def _put(self, word: str) -> None:
        await asyncio.to_thread(self.put, _document(word))

    def _watch(self, work: Any) -> None:
        if not self.changing:
            pytest.skip("this source never changes")

        async def watching() -> None:
            source = await self._filled("first")
            await source.load()
            changes = source.changes()
            await work(source, changes)
            await _end(changes)

        _run(watching())

    async def _told(self, source: Source, changes: AsyncIterator[None], word: str) -> None:
        """Waits as the engine does: loads at every report, until the document is there."""
        async with asyncio.timeout(self.within):
            await anext(changes)
            while await _word(source) != word:
                await anext(changes)


def _run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def _document(word: str) -> str:
    return json.dumps({"format": 1, "flags": {"probe": {"variants": {"text": word}}}})


async def _word(source: Source) -> str:
    content = await source.load()
    document, problems = run(read_content(content))
    assert document is not None
    assert not problems
    word: str = document.data["flags"]["probe"]["variants"]["text"]
    return word


def _next(changes: AsyncIterator[None]) -> "asyncio.Task[None]":
    async def report() -> None:
        await anext(changes)

    return asyncio.create_task(report())


async def _end(changes: AsyncIterator[None], waiting: "asyncio.Task[None] | None" = None) -> None:
    """Stops watching, as an engine does that is cancelled."""
    if waiting is not None and waiting.cancel():
        await asyncio.wait([waiting])
        assert waiting.cancelled(), "a source must let a cancellation through"
    close = getattr(changes, "aclose", None)
    if close is not None:
        await close()
