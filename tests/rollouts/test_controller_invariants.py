"""Whatever is seen, ordered and edited, in whatever order: what never may happen, does not."""

import json
import os
import subprocess
import sys
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest

from reliakit.rollouts.controller import faulted
from reliakit.rollouts.events import Happening
from reliakit.rollouts.orders import Order, Orders, obey
from reliakit.rollouts.phases import TRANSITIONS, Phase, Refused
from reliakit.rollouts.state import RolloutState
from tests.rollouts.stage import ADA, Stage, canary, reread
from tests.rollouts.states import DEFINITIONS, RICH, Fate, happened

_ROOT = Path(__file__).parents[2]
_STARTS = (Happening.STARTED,)


def _along_the_table(before, events):
    """Follows the journal from phase to phase."""
    phase = before.phase
    for event in events:
        if event.what in _STARTS:
            assert event.before is None
            assert phase is None or phase in (Phase.SUCCESSFUL, Phase.FAILED)
            assert event.after is Phase.PENDING
        elif event.before is not event.after:
            assert event.before is phase
            assert event.after in TRANSITIONS[phase].values()
        else:
            assert event.after is phase
        phase = event.after
    return phase


def _sound(state):
    """What is true of every state."""
    assert 0 <= state.weight <= 100
    assert (state.evidence is not None) == state.active or state.phase is Phase.SUCCESSFUL
    assert state.weight == 0 or state.active
    assert (state.phase is None) == (state.release is None) == (state.number == 0)
    assert state.hold == "" or state.phase is Phase.PAUSED
    assert len(state.seen) <= 16


def _raised(before, after, events, act):
    """The weight rises only where something says so."""
    if after.share > before.share and after.number == before.number:
        assert any(event.what.value in ("advanced", "promoted") for event in events)
    if (
        after.number == before.number
        and after.phase is Phase.SUCCESSFUL
        and before.phase is not Phase.SUCCESSFUL
    ):
        assert isinstance(act, Order) or before.phase in (Phase.RUNNING, Phase.PAUSED)


def _spent_grows(before, after):
    if before.evidence is None or after.evidence is None or before.number != after.number:
        return
    grown = after.evidence.spent.release - before.evidence.spent.release
    assert 0 <= grown <= 5.0 + 1e-9


def _lived(seed, length):
    """Yields every state with what led to it; refusals lead nowhere."""
    state, fate = RolloutState.begun(DEFINITIONS[0]), Fate(seed)
    for _ in range(length):
        definition, act = fate.next(state)
        with suppress(Refused):
            found = happened(definition, state, act, fate.now)
            yield definition, state, act, fate.now, found
            state = found.state


@pytest.mark.parametrize("block", range(4))
def test_nothing_leads_off_the_table(block):
    """Otherwise some order of events, edits and commands ships a version, or gets a release stuck."""
    reached = set()
    for seed in range(block * 40, block * 40 + 40):
        for _, before, act, _, found in _lived(seed, 60):
            after = found.state
            assert _along_the_table(before, found.events) is after.phase
            assert found.events or after.phase is before.phase
            _sound(after)
            _raised(before, after, found.events, act)
            _spent_grows(before, after)
            reached.add(after.phase)
    assert set(Phase) <= reached


@pytest.mark.parametrize("seed", range(12))
def test_what_was_stored_decides_as_what_was_not(seed):
    """Otherwise it matters which worker decides."""
    for definition, before, act, now, found in _lived(seed, 60):
        assert found == happened(definition, reread(before), act, now)


@pytest.mark.parametrize("verb", [Orders.ABORT, Orders.ROLL_BACK])
def test_whatever_has_happened_a_release_can_be_taken_back(verb):
    """Otherwise there is a state in which nobody can stop a bad version."""
    for seed in range(20):
        for definition, _, _, now, found in _lived(seed, 40):
            state = found.state
            if state.active:
                after = obey(definition, state, Order(verb), now, ADA).state
                assert (after.phase, after.weight, after.stable) == (Phase.FAILED, 0, state.stable)


def test_a_fault_stops_a_release_where_it_stands():
    """Otherwise what can't be judged goes on, or takes back a version for nothing."""
    for seed in range(20):
        for definition, _, _, now, found in _lived(seed, 40):
            broken = faulted(definition, found.state, "no", now).state
            assert broken.weight == found.state.weight
            assert not found.state.active or broken.phase in (Phase.ERROR, Phase.INCONCLUSIVE)


@pytest.mark.parametrize("seed", range(3))
def test_every_transition_is_journalled_once(seed):
    """Otherwise nobody can tell afterwards what a release has been through."""
    stage = Stage(canary(), seed, times=(1.0, 1.3, 3.0)[seed])
    phase, seen = None, list[tuple[Phase | None, Phase | None]]()
    for _ in range(400):
        seen.extend(
            (event.before, event.after) for event in stage.second() if event.before is not event.after
        )
        if stage.state.phase is not phase:
            assert seen[-1][1] is stage.state.phase
            phase = stage.state.phase
    assert all(one[1] is other[0] for one, other in pairwise(seen))


def _journal(seed):
    """The journal of a release under everything that can be judged, as bytes."""
    stage = Stage(canary(analysis=RICH, sticky=False), seed, times=2.0, localities=("b", "a"))
    for number in range(60):
        stage.second()
        if number == 30:
            stage.edit(deadline=7_200.0)
    if stage.state.active:
        stage.order(Orders.ABORT)
    return json.dumps([event.to_record() for event in stage.events])


def test_the_same_seed_gives_the_same_journal():
    """Otherwise nobody can look into a release that went wrong."""
    journal = _journal(3)
    assert journal == _journal(3)
    assert journal != _journal(4)


def test_the_journal_does_not_depend_on_the_order_of_sets():
    """Otherwise two workers write different journals about the same release."""
    script = "from tests.rollouts.test_controller_invariants import _journal; print(_journal(3))"
    found = set()
    for number in ("0", "4242"):
        environment = {**os.environ, "PYTHONHASHSEED": number, "PYTHONPATH": str(_ROOT)}
        command = [sys.executable, "-c", script]
        done = subprocess.run(
            command, env=environment, cwd=_ROOT, capture_output=True, timeout=60, check=True
        )
        found.add(done.stdout)
    assert len(found) == 1
    assert found.pop().decode().strip() == _journal(3)
