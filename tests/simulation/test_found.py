"""What simulated fleets have found, each kept from coming back."""

import asyncio
import random
from dataclasses import replace

import pytest

from reliakit.core.outcome import Outcome
from reliakit.core.rollouts import Assignment
from reliakit.core.tally import Tallies, record
from reliakit.rollouts.adoption import Silence
from reliakit.rollouts.definition import Step
from reliakit.rollouts.folding import folded
from reliakit.rollouts.observed import Observed
from reliakit.rollouts.orders import Orders
from reliakit.rollouts.state import RolloutState
from reliakit.rollouts.transitions import began
from reliakit.runtime.burying import RETIRED, Undertaker
from reliakit.runtime.documents import ROLLOUT, Versioned, states_in, writes_of
from reliakit.runtime.fleet import Fleet
from reliakit.runtime.journal import read_entry
from reliakit.runtime.publishing import Publisher
from reliakit.runtime.reconciler import Known, Reconciler
from reliakit.runtime.sighting import About
from reliakit.stores.memory import MemoryStore
from reliakit.stores.protocol import Receipt, Report, StoreError, Totals
from reliakit.testing import ManualClock
from reliakit.testing.simulation import simulate
from tests.rollouts.stage import Stage, canary

_ERRORS = "r|shop|1|green|split||error"


def _publisher() -> Publisher:
    names = iter("abc")
    return Publisher(Tallies(), lambda: next(names), random.Random(1))


def _fail(publisher: Publisher, times: int) -> None:
    row = publisher.tallies.numbers.of(("shop", "green", Assignment.SPLIT, 1, ""))
    for _ in range(times):
        record(publisher.tallies.local.rows, row, Outcome.ERROR, 0.1)


def test_an_emptied_store_is_told_everything_also_where_its_answer_got_lost():
    """Otherwise counts of before are gone for good: the answer that says so may be the one that nobody gets."""
    publisher, store = _publisher(), MemoryStore()
    _fail(publisher, 7)
    asyncio.run(store.publish(publisher.report(0, "{}")))
    publisher.received(Receipt(0.0, 0, known=False))
    emptied = MemoryStore()
    asyncio.run(emptied.publish(publisher.report(0, "{}")))  # nothing is new, and the answer gets lost
    receipt = asyncio.run(emptied.publish(publisher.report(0, "{}")))
    assert not publisher.received(receipt)
    asyncio.run(emptied.publish(publisher.report(0, "{}")))
    assert asyncio.run(emptied.totals()).sums[_ERRORS] == 7


class _Emptied(MemoryStore):
    """Loses everything when told, and fails at the reads that it is told to fail at."""

    failing: tuple[int, ...] = ()
    reads = 0

    async def read(self, prefixes):
        self.reads += 1
        if self.reads in self.failing:
            raise StoreError("it went away")
        return await super().read(prefixes)

    def lose(self):
        self._held = MemoryStore(self._now)._held
        self.reads = 0


def _member(store, name="a", **state) -> Fleet:
    clock, definition = ManualClock(), canary()
    publisher = Publisher(Tallies(), iter([name, name + "again"]).__next__)
    reconciler = Reconciler(store, lambda: {"shop": definition}, Known())
    return Fleet(
        store, publisher, reconciler, lambda: {"shop": definition}, About, lambda shared: None, clock
    )


def _stands(store, weight: float) -> RolloutState:
    moving = began(canary(), RolloutState.begun(canary()), 0.0)
    moving.begin("green", "2", "because")
    moving.put(weight=weight)
    assert asyncio.run(store.commit(writes_of(Versioned(RolloutState.begun(canary())), moving.state)))
    return moving.state


def test_a_state_that_is_told_again_stays_in_force_where_the_read_after_it_fails():
    """Otherwise a worker forgets which slot is stable: everybody gets the initial one."""
    store = _Emptied(lambda: 1_000.0)
    state, fleet = _stands(store, 20.0), _member(store)
    asyncio.run(fleet.flush())
    store.lose()
    store.failing = (2,)
    for _ in range(2):
        try:
            asyncio.run(fleet.flush())
        except StoreError:
            assert fleet.states["shop"].state.weight == state.weight
    assert fleet.states["shop"].state.weight == state.weight
    assert states_in(asyncio.run(store.read((ROLLOUT,))).found)["shop"].state.weight == 20


def test_a_revision_that_an_emptied_store_comes_to_again_is_read():
    """Otherwise a worker goes on sending to a canary that was rolled back."""
    store = _Emptied(lambda: 1_000.0)
    _stands(store, 20.0)
    fleet = _member(store)
    asyncio.run(fleet.flush())
    store.lose()
    _stands(store, 0.0)  # another worker was faster, and rolled back
    asyncio.run(fleet.flush())
    assert fleet.states["shop"].state.weight == 0


def test_a_clock_that_jumps_lets_no_older_definition_win():
    """Otherwise two definitions fight whenever an administrator sets the clock."""
    silence = Silence().looked("new", 1.0, 1_000.0)
    silence = silence.looked("new", 3_602.0, 4_601.0)
    assert silence.seconds < 5


def test_a_store_that_knows_of_no_report_lets_no_older_definition_win_at_once():
    """Otherwise a store that has lost everything takes a deploy back."""
    silence = Silence().looked("new", None, 1_000.0)
    assert silence.looked("new", None, 1_001.0).seconds == 1
    assert silence.looked("new", None, 1_001.0).looked("new", 0.5, 1_002.0).seconds == 0


def test_an_older_definition_wins_after_half_a_minute_of_silence():
    """Otherwise a deploy can't be taken back."""
    silence = Silence()
    for second in range(31):
        silence = silence.looked("new", 5.0 + second, 1_000.0 + second)
    assert silence.seconds == 30


def test_an_old_reading_of_the_clock_lets_the_same_seconds_pass_only_once():
    """Otherwise answers that are a few seconds old let a step bake in a fraction of its time."""
    stage = Stage(canary(), 1).running()
    spent, at = stage.evidence.spent.release, stage.evidence.at
    state = stage.state
    for now in (at + 1, at - 3, at + 1, at - 3, at + 1):
        look = Observed(stage.evidence.cursor, ready=frozenset({"blue", "green"}))
        stage.state = state = _with(state, folded(stage.definition, state, look, now))
    assert stage.evidence.spent.release == spent + 1


def _with(state, evidence):
    moving = began(canary(), state, 0.0)
    moving.put(evidence=evidence)
    return moving.state


def test_what_was_served_while_nothing_ran_beside_is_never_compared():
    """Otherwise an edit of a release at 100 % promotes it by holding the morning against the night."""
    steps = (Step(0.0), Step(100.0, bake=600.0))
    stage = Stage(canary(steps=steps), 1, base=0.001, rps=2_000, previews=20)
    for _ in range(30):  # all of it goes to stable
        stage.second()
    stage.order(Orders.PROMOTE)
    for _ in range(30):  # and now to the canary
        stage.second()
    stage.edit(steps=(Step(50.0),))
    stage.decide()
    assert stage.state.weight == 50.0
    assert stage.evidence.analysis.errors.promotion.evidence.counts.n == 0


def test_an_edit_that_takes_the_weight_away_lets_nothing_go_on_by_what_was_served_before_it():
    """Otherwise a step that nobody has stood on ends by requests of another: 20 %, an edit, and at once 25 %."""
    stage = Stage(canary(steps=(Step(20.0, bake=600.0), Step(50.0))), 1, base=0.3, rps=2_000).running()
    stage.edit(steps=(Step(10.0), Step(25.0)))
    stage.second()
    assert (stage.state.weight, stage.whats[-1]) == (10.0, "defined")
    assert stage.evidence.analysis.errors.promotion.evidence.counts.n == 0
    stage.run(lambda stage: stage.state.weight == 25.0, most=60)


def test_what_was_served_before_an_edit_still_speaks_against_the_canary():
    """Otherwise every edit forgives a broken canary what it has just done."""
    stage = Stage(canary(steps=(Step(20.0, bake=600.0), Step(50.0))), 1, base=0.01, rps=2_000).running()
    stage.edit(steps=(Step(10.0), Step(25.0)))
    stage.times = 90.0
    stage.second()
    assert stage.whats[-2:] == ["defined", "rolled_back"]


_DEAD = '{"host":"a","pid":7}'


class _Doubtful(MemoryStore):
    """Answers one question with what was true before, and loses the answer of one operation."""

    earlier: Totals | None = None
    losing = ""

    async def totals(self, prefix=""):
        return self.earlier or await super().totals(prefix)

    async def commit(self, writes, events=(), head=0, *, announce=True):
        return self._answered("commit", await super().commit(writes, events, head, announce=announce))

    async def retire(self, worker, silent):
        return self._answered("retire", await super().retire(worker, silent))

    def _answered(self, what, answer):
        if self.losing == what:
            self.losing = ""
            raise StoreError("it went away before it answered")
        return answer


def _given_up(store: MemoryStore) -> list[str]:
    events = [read_entry(entry.text).event for entry in asyncio.run(store.journal())]
    return [event["worker"] for event in events if event["kind"] == "worker_retired"]


def _with_a_dead_worker() -> _Doubtful:
    clock = ManualClock(time=1_000.0)
    store = _Doubtful(clock.time)
    asyncio.run(store.publish(Report("dead", 1, about=_DEAD)))
    clock.advance(2 * RETIRED)
    return store


async def _bury(undertaker: Undertaker) -> None:
    await undertaker.bury()
    await undertaker.tell()


def test_two_that_bury_the_same_worker_tell_it_once():
    """Otherwise one crash is counted as two: the store says to everybody who asks that the worker is retired."""
    store = _with_a_dead_worker()
    store.earlier = asyncio.run(store.totals("-"))
    for _ in range(2):
        asyncio.run(_bury(Undertaker(store)))
    assert _given_up(store) == ["dead"]


def test_the_dead_are_told_of_in_the_order_in_which_they_died():
    """Otherwise the same seed gives one journal over one store and another over the next, which lists them as it likes."""
    clock = ManualClock(time=1_000.0)
    store = _Doubtful(clock.time)
    for worker in ("b", "a", "c"):
        asyncio.run(store.publish(Report(worker, 1, about=_DEAD)))
        clock.advance(1.0)
    clock.advance(2 * RETIRED)
    listed = asyncio.run(store.totals("-"))
    store.earlier = replace(listed, workers=listed.workers[::-1])
    asyncio.run(_bury(Undertaker(store)))
    assert _given_up(store) == ["b", "a", "c"]


@pytest.mark.parametrize("operation", ["retire", "commit"])
def test_a_retirement_is_told_once_also_where_the_answer_got_lost(operation):
    """Otherwise nobody knows of a crash, or of the same one twice."""
    store = _with_a_dead_worker()
    undertaker = Undertaker(store)
    store.losing = operation
    with pytest.raises(StoreError):
        asyncio.run(_bury(undertaker))
    asyncio.run(_bury(undertaker))
    assert _given_up(store) == ["dead"]


@pytest.mark.parametrize(
    ("seed", "scenario"),
    [
        (1_002, "deploys"),
        (1_006, "mayhem"),
        (1_010, "stalls"),
        (1_200, "clocks"),
        (1_214, "people"),
        (1_290, "people"),
        (1_543, "mayhem"),
    ],
    ids=str,
)
def test_seeds_that_were_broken_once_hold(seed, scenario):
    """Otherwise what a seed has found, in the engine or in how it is watched, comes back unseen."""
    simulate(seed, scenario)


def test_a_store_whose_clock_went_back_still_hears_who_has_the_definition_in_force():
    """Otherwise a deploy is undone half a minute after a time server has corrected the clock."""
    silence = Silence().looked("new", 1.0, 5_000.0)
    for second in range(60):
        silence = silence.looked("new", 0.5, 1_400.0 + second)
    assert silence.seconds < 1
