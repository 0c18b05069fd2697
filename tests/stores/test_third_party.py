"""The contract fits a store that somebody else writes, and finds one that is at fault."""

import asyncio
import fcntl
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest

from reliakit.stores.protocol import (
    Document,
    Documents,
    Entry,
    Receipt,
    Report,
    Scope,
    Store,
    StoreError,
    Totals,
    Worker,
)
from reliakit.testing import ManualClock
from reliakit.testing.stores import StoreContract

EMPTY = {
    "revision": 0, "version": 0, "sums": {}, "workers": {}, "dead": {}, "marks": {}, "documents": {}, "journal": [],
    "leases": {},
}  # fmt: skip


class JSONStore:
    """All in one JSON file, under a lock: slow, but the contract says nothing of speed."""

    scope: Scope = "host"

    def __init__(self, path: Path, now: Callable[[], float]) -> None:
        self.path, self.name, self.now = path, str(path), now

    @contextmanager
    def held(self) -> Iterator[dict[str, Any]]:
        try:
            with self.path.open("a+") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                file.seek(0)
                state = json.loads(file.read() or json.dumps(EMPTY))
                yield state
                file.seek(0)
                file.truncate()
                file.write(json.dumps(state))
        except OSError as failed:
            raise StoreError(f"{self.name}: {failed.strerror}") from failed

    async def publish(self, report: Report) -> Receipt:
        with self.held() as state:
            if report.worker in state["dead"]:
                sequence = state["dead"][report.worker]
                return Receipt(self.now(), state["revision"], accepted=False, sequence=sequence)
            known = report.worker in state["workers"]
            self.count(
                state, state["workers"].setdefault(report.worker, {"sequence": -1, "counts": {}}), report
            )
            return Receipt(self.now(), state["revision"], known=known)

    def count(self, state: Any, worker: Any, report: Report) -> None:
        if report.sequence <= worker["sequence"]:
            return
        worker.update(sequence=report.sequence, seen=self.now(), about=report.about)
        for series, total in report.totals.items():
            grown = total - worker["counts"].get(series, 0)
            state["sums"][series] = state["sums"].get(series, 0) + grown
            worker["counts"][series] = total
        for name, members in report.marks.items():
            here = state["marks"].setdefault(name, {"members": []})
            here.update(members=sorted({*here["members"], *members}), last=self.now())

    async def totals(self, prefix: str = "") -> Totals:
        with self.held() as state:
            sums = {name: total for name, total in state["sums"].items() if name.startswith(prefix)}
            fresh = {name: each for name, each in state["marks"].items() if each["last"] > self.now() - 600}
            marks = {name: len(each["members"]) for name, each in fresh.items() if name.startswith(prefix)}
            workers = (Worker(name, each["about"], each["seen"]) for name, each in state["workers"].items())
            return Totals(self.now(), sums, marks, tuple(workers))

    async def retire(self, worker: str, silent: float) -> bool:
        with self.held() as state:
            found = state["workers"].get(worker)
            if found and self.now() - found["seen"] >= silent:
                state["dead"][worker] = state["workers"].pop(worker)["sequence"]
            return worker in state["dead"]

    async def absorb(self, prefix: str, into: str) -> None:
        with self.held() as state:
            for series in [series for series in state["sums"] if series.startswith(prefix)]:
                name = into + series.removeprefix(prefix)
                state["sums"][name] = state["sums"].get(name, 0) + state["sums"].pop(series)

    async def read(self, prefixes: Any) -> Documents:
        with self.held() as state:
            found = {
                key: Document(*each)
                for key, each in state["documents"].items()
                if key.startswith(tuple(prefixes))
            }
            return Documents(state["revision"], self.now(), found)

    async def commit(self, writes: Any, events: Any = (), head: int = 0, *, announce: bool = True) -> bool:
        with self.held() as state:
            held, journal = state["documents"], state["journal"]
            right = all(held.get(write.key, (0,))[0] == write.expected for write in writes)
            if not right or (events and head != (journal[-1][0] if journal else 0)):
                return False
            for write in writes:
                state["version"] += 1
                held[write.key] = (state["version"], write.text)
                if write.text is None:
                    del held[write.key]
            journal.extend(enumerate(events, head + 1))
            state["revision"] += announce
            return True

    async def last(self) -> Entry | None:
        with self.held() as state:
            return Entry(*state["journal"][-1]) if state["journal"] else None

    async def journal(self, after: int = 0, limit: int = 1_000) -> list[Entry]:
        with self.held() as state:
            return [Entry(*each) for each in state["journal"] if each[0] > after][:limit]

    async def prune(self, before: int) -> None:
        with self.held() as state:
            state["journal"] = [each for each in state["journal"] if each[0] >= before] or state["journal"][
                -1:
            ]

    async def lease(self, name: str, holder: str, seconds: float) -> bool:
        with self.held() as state:
            has, until = state["leases"].get(name, (holder, 0))
            if has == holder or self.now() >= until:
                state["leases"][name] = (holder, self.now() + seconds)
            return bool(state["leases"][name][0] == holder)

    async def release(self, name: str, holder: str) -> None:
        with self.held() as state:
            if state["leases"].get(name, ("",))[0] == holder:
                del state["leases"][name]

    async def changes(self) -> AsyncIterator[None]:
        await asyncio.Event().wait()
        yield

    async def close(self) -> None:
        pass


class TestJSONStore(StoreContract):
    pushes = False
    kind: ClassVar[type[JSONStore]] = JSONStore

    @pytest.fixture(autouse=True)
    def file(self, tmp_path: Path) -> None:
        self.path, self.clock = tmp_path / "store.json", ManualClock(time=1_700_000_000.0)

    def make_store(self) -> Store:
        return self.kind(self.path, self.clock.time)

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def damage(self) -> None:
        self.path.rename(self.path.with_suffix(".away"))
        self.path.mkdir()

    def mend(self) -> None:
        self.path.rmdir()
        self.path.with_suffix(".away").rename(self.path)


class _Trusting(JSONStore):
    """Counts every report, whatever its sequence."""

    def count(self, state: Any, worker: Any, report: Report) -> None:
        worker["sequence"], worker["counts"] = -1, {}
        super().count(state, worker, report)


class _Careless(JSONStore):
    """Writes whatever version is expected."""

    async def commit(self, writes: Any, events: Any = (), head: int = 0, *, announce: bool = True) -> bool:
        found = (await self.read([""])).found
        right = [type(w)(w.key, w.text, found[w.key].version if w.key in found else 0) for w in writes]
        return await super().commit(right, events, head, announce=announce)


class _Forgetful(JSONStore):
    """Keeps no tombstone, and drops the last entry of the journal, too."""

    async def retire(self, worker: str, silent: float) -> bool:
        retired = await super().retire(worker, silent)
        with self.held() as state:
            state["dead"].clear()
        return retired

    async def prune(self, before: int) -> None:
        with self.held() as state:
            state["journal"] = [each for each in state["journal"] if each[0] >= before]


class _Pattern(JSONStore):
    """Takes `_` for any character, as LIKE does."""

    async def read(self, prefixes: Any) -> Documents:
        found = await super().read([""])
        like = [list(prefix) for prefix in prefixes]
        kept = {
            key: document for key, document in found.found.items()
            if any(len(key) >= len(p) and all(a in ("_", b) for a, b in zip(p, key, strict=False)) for p in like)
        }  # fmt: skip
        return Documents(found.revision, found.time, kept)


class _Silent(JSONStore):
    """Never says that anything has changed."""

    async def commit(self, writes: Any, events: Any = (), head: int = 0, *, announce: bool = True) -> bool:
        return await super().commit(writes, events, head, announce=False)


class _Generous(JSONStore):
    """Gives a lease to everyone."""

    async def lease(self, name: str, holder: str, seconds: float) -> bool:
        await super().lease(name, holder, seconds)
        return True


class _Ending(JSONStore):
    """Stops to watch at once."""

    async def changes(self) -> AsyncIterator[None]:
        return
        yield


@pytest.mark.parametrize(
    ("kind", "test"),
    [
        (_Trusting, "test_a_report_that_comes_again_or_late_changes_nothing"),
        (_Trusting, "test_a_later_total_adds_what_it_has_grown_by"),
        (_Careless, "test_a_document_changes_only_for_who_knows_its_version"),
        (_Careless, "test_one_of_those_who_write_at_once_wins"),
        (_Forgetful, "test_a_retired_worker_is_refused"),
        (_Forgetful, "test_old_entries_are_pruned_and_the_last_stays"),
        (_Pattern, "test_a_prefix_of_keys_is_no_pattern"),
        (_Silent, "test_only_announced_commits_raise_the_revision"),
        (_Generous, "test_a_lease_has_one_holder"),
        (_Ending, "test_watching_never_ends"),
    ],
)
def test_the_contract_finds_a_faulty_store(kind: type[JSONStore], test: str, tmp_path: Path) -> None:
    """Otherwise a third party would be told that a store works which loses counts or decisions."""
    contract = TestJSONStore()
    contract.path, contract.clock = tmp_path / "store.json", ManualClock(time=1_700_000_000.0)
    contract.make_store = lambda: kind(contract.path, contract.clock.time)  # type: ignore[method-assign]
    with pytest.raises((AssertionError, StopAsyncIteration, RuntimeError)):
        getattr(contract, test)()


@pytest.mark.parametrize("kind", [_Trusting, _Careless, _Forgetful])
def test_the_comparison_with_the_obvious_store_finds_a_faulty_one(
    kind: type[JSONStore], tmp_path: Path
) -> None:
    """Otherwise drawing operations at random would only look thorough."""
    found = []
    for seed in range(5):
        contract = TestJSONStore()
        contract.path, contract.clock = tmp_path / f"store{seed}.json", ManualClock(time=1_700_000_000.0)
        contract.make_store = lambda c=contract: kind(c.path, c.clock.time)  # type: ignore[method-assign,misc]
        try:
            contract.test_it_does_what_the_obvious_store_does(seed)
        except AssertionError:
            found.append(seed)
    assert len(found) >= 4
