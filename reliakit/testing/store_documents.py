"""Tests that documents change by comparison, together with the journal or not at all."""

import asyncio

import pytest

from reliakit.stores.protocol import Document, Entry, Store, Write
from reliakit.testing.store_ground import SPECIAL, StoreGround, append, on, publish

__all__ = ["DocumentContract"]


class DocumentContract(StoreGround):
    """Documents, revisions and the journal."""

    @on(2)
    async def test_a_document_is_made_once_and_read_by_all(self, one: Store, two: Store) -> None:
        """Otherwise two workers that start a release at once would start two."""
        assert await one.commit([Write("rollout/shop", "first", 0)])
        assert not await two.commit([Write("rollout/shop", "second", 0)])
        assert await _texts(two) == {"rollout/shop": "first"}

    @on(2)
    async def test_a_document_changes_only_for_who_knows_its_version(self, one: Store, two: Store) -> None:
        """Otherwise a worker that decides on an old state would undo what was decided since."""
        await one.commit([Write("k", "first", 0)])
        first = await _document(one, "k")
        assert await two.commit([Write("k", "second", first.version)])
        assert not await one.commit([Write("k", "third", first.version)])
        assert not await one.commit([Write("k", None, first.version)])
        second = await _document(one, "k")
        assert (second.text, second.version != first.version) == ("second", True)

    @on(1)
    async def test_a_document_is_deleted_by_its_version(self, store: Store) -> None:
        """Otherwise an override that was taken back would stay in force."""
        await store.commit([Write("k", "text", 0), Write("other", "text", 0)])
        version = (await _document(store, "k")).version
        assert await store.commit([Write("k", None, version)])
        assert await _texts(store) == {"other": "text"}
        assert not await store.commit([Write("k", "again", version)])
        assert await store.commit([Write("gone", None, 0)]), "it must not exist, and doesn't"
        assert not await store.commit([Write("other", None, 0)])

    @on(2)
    async def test_a_version_is_never_used_again(self, one: Store, two: Store) -> None:
        """Otherwise a slow worker could overwrite a document that was deleted and made anew."""
        seen: set[int] = set()
        for at in range(4):
            for key in ("a", "b"):
                assert await (one, two)[at % 2].commit([Write(key, "same", 0)])
                version = (await _document(one, key)).version
                assert version not in seen | {0}
                seen.add(version)
                assert await two.commit([Write(key, None, version)])

    @on(1)
    async def test_writes_happen_together_or_not_at_all(self, store: Store) -> None:
        """Otherwise a release could be marked as done while its override is still there."""
        await store.commit([Write("a", "1", 0), Write("b", "1", 0)], ["made"])
        versions = {key: (await _document(store, key)).version for key in "ab"}
        for writes, head in (
            ([Write("a", "2", versions["a"]), Write("b", "2", 0)], 1),
            ([Write("b", "2", 0), Write("a", "2", versions["a"])], 1),
            ([Write("a", None, versions["a"]), Write("b", "2", versions["b"])], 0),
            ([Write("c", "2", 0), Write("a", "2", versions["a"])], 2),
        ):
            assert not await store.commit(writes, ["changed"], head)
        assert await _texts(store) == {"a": "1", "b": "1"}
        assert await store.journal() == [Entry(1, "made")]
        assert await store.commit(
            [Write("a", None, versions["a"]), Write("b", "2", versions["b"])], ["x", "y"], 1
        )
        assert await _texts(store) == {"b": "2"}
        assert await store.journal() == [Entry(1, "made"), Entry(2, "x"), Entry(3, "y")]

    @on(2)
    async def test_only_announced_commits_raise_the_revision(self, one: Store, two: Store) -> None:
        """Otherwise workers would miss a decision, or read everything again for nothing."""
        start = (await one.read([])).revision
        assert await one.commit([Write("a", "1", 0)])
        announced = (await two.read([])).revision
        assert announced > start
        assert await two.commit([Write("b", "1", 0)], ["quiet"], 0, announce=False)
        assert not await one.commit([Write("a", "2", 0)])
        assert (await one.read([])).revision == (await publish(one, "w", 1)).revision == announced
        assert await two.commit([], ["loud"], 1)
        assert (await one.read([])).revision > announced

    @on(1)
    async def test_documents_are_read_by_several_prefixes(self, store: Store) -> None:
        """Otherwise a worker would read all that there is to find what concerns it."""
        keys = (
            "flag/a_b",
            "flag/axb",
            "flag/a-b.c:1",
            "rollout/shop",
            "rollout/shop2",
            "Flag/a_b",
            "x" * 300,
        )
        assert await store.commit([Write(key, key.upper(), 0) for key in keys])
        for prefixes in (
            ["flag/"],
            ["flag/a_b", "rollout/"],
            ["flag/", "flag/a", "fl"],
            [""],
            ["no/"],
            [],
            ["x"],
        ):
            expected = {key: key.upper() for key in keys if key.startswith(tuple(prefixes))}
            found = (await store.read(prefixes)).found
            assert {key: document.text for key, document in found.items()} == expected

    @on(1)
    async def test_a_prefix_of_keys_is_no_pattern(self, store: Store) -> None:
        """Otherwise a key that a person mistypes would reach the documents of others."""
        assert await store.commit([Write(key, "text", 0) for key in ("a.c", "abc", "a_c", "a-c", "a/c")])
        for prefix in (*SPECIAL, "a*", "a%", "*", "%", "[a]", "a?", "_", "a\\"):
            found = (await store.read([prefix])).found
            assert set(found) == {
                key for key in ("a.c", "abc", "a_c", "a-c", "a/c") if key.startswith(prefix)
            }

    @pytest.mark.parametrize(
        "text", ["", "日本語 \U0001f680 ' \" \\ \n\t{}%s $1 :x", "x" * 65_536, "é" * 32_768]
    )
    def test_any_text_comes_back_as_it_was(self, text: str) -> None:
        """Otherwise a state or a person's reason would come back damaged, and its hash not match."""

        async def work(self: StoreGround, store: Store) -> None:
            assert await store.commit([Write("k", text, 0)], [text], 0)
            assert (await _document(store, "k")).text == text
            assert await store.last() == Entry(1, text)
            assert await store.journal() == [Entry(1, text)]

        on(1)(work)(self)

    @on(4)
    async def test_one_of_those_who_write_at_once_wins(self, *stores: Store) -> None:
        """Otherwise two workers would decide about the same release, each in its own way."""
        for attempt in range(6):
            version = (await _document(stores[0], "k")).version if attempt else 0
            writes = [Write("k", f"{attempt} {at}", version) for at in range(len(stores))]
            won = await asyncio.gather(
                *(store.commit([write]) for store, write in zip(stores, writes, strict=True))
            )
            assert won.count(True) == 1
            assert (await _document(stores[1], "k")).text == writes[won.index(True)].text

    @on(4)
    async def test_the_journal_has_no_gaps_when_many_write_at_once(self, *stores: Store) -> None:
        """Otherwise nobody could tell whether an event is missing, and why a release was rolled back."""

        async def work(store: Store, who: int) -> None:
            for at in range(6):
                await append(store, f"{who} {at}", f"{who} {at} too")

        await asyncio.gather(*(work(store, who) for who, store in enumerate(stores)))
        entries = await stores[0].journal()
        texts = [entry.text for entry in entries]
        assert [entry.number for entry in entries] == list(range(1, 2 * 6 * len(stores) + 1))
        assert len(set(texts)) == len(texts)
        assert [f"{text} too" for text in texts[::2]] == texts[1::2], "events of one commit stand together"

    @on(2)
    async def test_documents_are_read_in_one_moment(self, one: Store, two: Store) -> None:
        """Otherwise a worker could act on half a decision."""

        async def work() -> None:
            for at in range(30):
                found = (await one.read(["pair/"])).found
                versions = [found[key].version if key in found else 0 for key in ("pair/a", "pair/z")]
                assert await one.commit(
                    [Write("pair/a", f"{at}", versions[0]), Write("pair/z", f"{at}", versions[1])]
                )

        writing = asyncio.create_task(work())
        while not writing.done():
            found = (await two.read(["pair/a", "pair/z"])).found
            assert len({found[key].text for key in found}) in (0, 1)
            assert len(found) in (0, 2)
            await asyncio.sleep(0)
        await writing

    @on(1)
    async def test_events_come_only_after_the_head_that_was_known(self, store: Store) -> None:
        """Otherwise the chain of the journal's hashes would break."""
        assert await store.last() is None
        assert await store.journal() == []
        assert not await store.commit([], ["early"], 1)
        assert await store.commit([], ["first", "second"], 0)
        assert not await store.commit([], ["again"], 0)
        assert not await store.commit([], ["again"], 1)
        assert await store.commit([], [], 7), "where there are no events, the head does not matter"
        assert await store.last() == Entry(2, "second")

    @on(1)
    async def test_the_journal_is_read_in_pieces(self, store: Store) -> None:
        """Otherwise a long journal could not be shown, or would have to be read whole."""
        await store.commit([], [f"event {number}" for number in range(1, 13)], 0)
        pieces = [await store.journal(after, 5) for after in (0, 5, 10, 12, 99)]
        assert [[entry.number for entry in piece] for piece in pieces] == [
            [1, 2, 3, 4, 5], [6, 7, 8, 9, 10], [11, 12], [], [],
        ]  # fmt: skip
        assert pieces[2][1] == Entry(12, "event 12")

    @on(1)
    async def test_old_entries_are_pruned_and_the_last_stays(self, store: Store) -> None:
        """Otherwise the disk would fill, or numbers and hashes begin again."""
        await store.prune(10)
        await append(store, *(f"event {number}" for number in range(1, 6)))
        await store.prune(3)
        assert [entry.number for entry in await store.journal()] == [3, 4, 5]
        assert [entry.number for entry in await store.journal(1, 2)] == [3, 4]
        await store.prune(99)
        assert await store.journal() == [Entry(5, "event 5")]
        assert await store.last() == Entry(5, "event 5")
        assert not await store.commit([], ["again"], 0)
        assert (await append(store, "next")).number == 5
        assert await store.journal() == [Entry(5, "event 5"), Entry(6, "next")]


async def _document(store: Store, key: str) -> Document:
    return (await store.read([key])).found[key]


async def _texts(store: Store) -> dict[str, str]:
    return {key: document.text for key, document in (await store.read([""])).found.items()}
