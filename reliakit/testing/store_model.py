"""Compares a store with an obvious one, over operations drawn at random."""

import asyncio
import random
from collections import Counter, defaultdict

import pytest

from reliakit.stores.protocol import Document, Entry, Store, Write
from reliakit.testing.store_ground import StoreGround, present, publish

__all__ = ["ModelContract"]

_OPERATIONS = 150
_SERIES = ("s/1/ok", "s/1/bad", "s/_/ok", "t/ok")
_KEYS = ("a", "a/b", "a_b")
_WORKERS = ("w1", "w2", "w3")
_REFUSED = 987_654_321
"""A version that nothing has: stores that begin at 1 or at a time don't come by it in these tests."""


class ModelContract(StoreGround):
    """A store against a model of it."""

    @pytest.mark.parametrize("seed", range(5))
    def test_it_does_what_the_obvious_store_does(self, seed: int) -> None:
        """Otherwise some order of calls that nobody thought of would lose counts or decisions."""

        async def work() -> None:
            stores, model, draw = [self.make_store(), self.make_store()], _Model(), random.Random(seed)  # noqa: S311
            try:
                async with asyncio.timeout(self.within):
                    for _ in range(_OPERATIONS):
                        await _operation(draw, draw.choice(stores), model)
                        await model.compare(draw.choice(stores))
            finally:
                for store in stores:
                    await store.close()

        asyncio.run(work())


class _Model:
    """Keeps for each worker what it has counted, and for each series what was absorbed from and into it."""

    def __init__(self) -> None:
        self.counted: defaultdict[str, dict[str, int]] = defaultdict(dict)
        self.moved: Counter[str] = Counter()
        self.sequences: dict[str, int] = {}
        self.retired: set[str] = set()
        self.marks: defaultdict[str, set[int]] = defaultdict(set)
        self.documents: dict[str, str] = {}
        self.entries: list[Entry] = []
        self.pruned = 0

    def publish(self, worker: str, sequence: int, totals: dict[str, int], marks: dict[str, set[int]]) -> bool:
        if worker in self.retired:
            return False
        if sequence > self.sequences.get(worker, -1):
            self.sequences[worker] = sequence
            self.counted[worker].update(totals)
            for name, members in marks.items():
                self.marks[name] |= members
        return True

    def sums(self) -> Counter[str]:
        found = Counter(self.moved)
        for counts in self.counted.values():
            found.update(counts)
        return found

    def absorb(self, prefix: str, into: str) -> None:
        for name, total in self.sums().items():
            if name.startswith(prefix):
                self.moved[name] -= total
                self.moved[into + name.removeprefix(prefix)] += total

    async def compare(self, store: Store) -> None:
        sums, marks = await present(store)
        assert sums == {name: total for name, total in self.sums().items() if total}
        assert marks == {name: len(members) for name, members in self.marks.items() if members}
        assert {each.name for each in (await store.totals()).workers} == set(self.sequences) - self.retired
        found = (await store.read([""])).found
        assert {key: document.text for key, document in found.items()} == self.documents
        assert await store.last() == (self.entries[-1] if self.entries else None)
        assert list(await store.journal(0, 40)) == self.entries[self.pruned :][:40]


async def _operation(draw: random.Random, store: Store, model: _Model) -> None:
    match draw.choices(("publish", "commit", "retire", "absorb", "prune"), (8, 6, 1, 2, 1))[0]:
        case "publish":
            await _publish(draw, store, model)
        case "commit":
            await _commit(draw, store, model)
        case "retire":
            worker = draw.choice(_WORKERS) + f".{draw.randrange(4)}"
            if await store.retire(worker, 0):
                model.retired.add(worker)
            assert (worker in model.retired) == (worker in model.sequences)
        case "absorb":
            prefix = draw.choice(("s/1/", "s/_/", "s/", "t/", "none/"))
            await store.absorb(prefix, "all/")
            model.absorb(prefix, "all/")
        case _:
            before = draw.randrange(len(model.entries) + 3)
            await store.prune(before)
            model.pruned = max(model.pruned, min(before - 1, len(model.entries) - 1), 0)


async def _publish(draw: random.Random, store: Store, model: _Model) -> None:
    worker = draw.choice(_WORKERS) + f".{draw.randrange(4)}"
    sequence = max(0, model.sequences.get(worker, 0) + draw.choice((-1, 0, 1, 1, 1, 2)))
    grown = draw.sample(_SERIES, draw.randrange(4))
    totals = {name: model.counted[worker].get(name, 0) + draw.randrange(10) for name in grown}
    marks = {draw.choice(_SERIES): {draw.randrange(6)}} if draw.random() < 0.3 else {}
    known = worker in model.sequences
    receipt = await publish(store, worker, sequence, totals, marks)
    assert receipt.accepted == model.publish(worker, sequence, totals, marks)
    assert receipt.known == known or not receipt.accepted


async def _commit(draw: random.Random, store: Store, model: _Model) -> None:
    before = await store.read([""])
    keys = draw.sample(_KEYS, draw.randrange(len(_KEYS) + 1))
    texts = {key: draw.choice((None, f"text {draw.random()}")) for key in keys}
    expected = {key: _expected(draw, before.found.get(key)) for key in keys}
    events = [f"event {draw.random()}" for _ in range(draw.randrange(3))]
    head, announce = len(model.entries) - (draw.random() < 0.1), draw.random() < 0.5
    right = all(expected[key] == (before.found[key].version if key in before.found else 0) for key in keys)
    fits = right and (not events or head == len(model.entries))
    writes = [Write(key, texts[key], expected[key]) for key in keys]
    assert await store.commit(writes, events, head, announce=announce) == fits
    assert ((await store.read([])).revision > before.revision) == (fits and announce)
    if fits:
        kept = {**model.documents, **texts}
        model.documents = {key: text for key, text in kept.items() if text is not None}
        model.entries += [Entry(number, text) for number, text in enumerate(events, len(model.entries) + 1)]


def _expected(draw: random.Random, now: Document | None) -> int:
    if draw.random() < 0.15:
        return draw.choice((0, _REFUSED))
    return now.version if now else 0
