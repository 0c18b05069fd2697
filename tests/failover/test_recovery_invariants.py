"""Whatever regions do, whatever is ordered and whoever crashes: what never may happen, does not."""

from contextlib import suppress
from itertools import pairwise
from random import Random

import pytest

from reliakit.core.acting import Refused
from reliakit.failover.events import Event, Happening
from reliakit.failover.hooks import Hook
from reliakit.failover.recovery.definition import Strategy
from reliakit.failover.recovery.orders import Orders
from reliakit.failover.recovery.phases import TRANSITIONS, Phase, Trigger, drawn, moved
from tests.failover.regions import World, recovery

_HOLD = 60.0


def _world(seed):
    """A world of any strategy; its hooks take their time, and fail now and then."""
    strategy = list(Strategy)[seed % 4]
    returns = strategy is not Strategy.BACKUP_RESTORE and seed % 3
    back = Hook("resync", timeout=5.0) if seed % 5 == 0 else None
    after = Hook("scale-down", timeout=5.0) if seed % 7 == 0 else None
    world = World(recovery(strategy, quiet=20.0 if returns else None, back=back, after=after))
    chance = Random(seed)
    world.hook = lambda command: (len(command.id) % 7 + 1.0, hash_of(command.id, seed) % 4 > 0)
    return world, chance


def hash_of(text, seed):
    """The same for a seed in every process."""
    return sum(map(ord, text)) * 31 + seed


def _fate(world, chance):
    """What happens next: mostly nothing, sometimes a loss, a gate, a crash, an order, or the store goes."""
    draw = chance.random()
    region = world.regions[chance.choice(world.definition.regions)]
    if draw < 0.06:
        region.up = chance.choice((0, 0, 4, 6, 10, 10, 10))
    elif draw < 0.08:
        region.gate = chance.choice(("", "", "behind"))
    elif draw < 0.09:
        world.shared = not world.shared
    elif draw < 0.1:
        with suppress(Refused):
            world.order(chance.choice(list(Orders)))
    world.crashes = chance.random() < 0.3
    world.second(chance.choice((1.0, 1.0, 1.0, 1.0, 3.0, 20.0, -2.0)))


def _lived(seed, length=400):
    """Yields the world after each step, with its phase, its weight and the number of events before."""
    world, chance = _world(seed)
    for _ in range(length):
        before = world.phase, world.state.weight, len(world.events)
        _fate(world, chance)
        yield world, *before


def _along_the_table(phase, events):
    """Follows the journal from phase to phase."""
    for event in events:
        assert event.before == phase
        assert event.after == phase or event.after in TRANSITIONS[phase].values()
        assert Event.from_record(event.to_record()) == event
        phase = Phase(event.after)
    return phase


def test_nothing_leads_off_the_table():
    """Otherwise some order of losses, orders and crashes gets an upstream stuck, or sends it to two places."""
    reached = set()
    for seed in range(12):
        for world, before, weight, known in _lived(seed):
            state = world.state
            phase = _along_the_table(before, world.events[known:])
            assert phase is state.phase
            assert (state.incident is None) == (phase is Phase.SERVING)
            assert 0 <= state.weight <= 1
            assert state.weight == weight or len(world.events) > known
            assert sum(world.shares().values()) == pytest.approx(1)
            assert state.weight == 0 or phase in (
                Phase.SHIFTING,
                Phase.AWAY,
                Phase.CLEARING,
                Phase.FAILING_BACK,
            )
            reached.add(phase)
    assert set(Phase) <= reached


def _moves(lived):
    """Yields when traffic began to move, and whether by itself: not since a person wanted it or a drill was over, and
    not in flight from what has just been lost. Seconds count for which the clock went on.
    """
    passed, before, by_itself = 0.0, None, False
    for world, _, _, known in lived:
        passed += max(0.0, world.now - (before or world.now))
        before = world.now
        for event in world.events[known:]:
            if event.what in _CAUSES:
                by_itself = (
                    _CAUSES[event.what] and event.actor.kind == "rule" and "drill" not in event.sentence
                )
            elif event.what in (Happening.SHIFTING, Happening.FAILING_BACK):
                yield passed, by_itself


_CAUSES = {
    Happening.DETECTED: True,
    Happening.FAILBACK: True,
    Happening.RETREATED: False,
    Happening.STARTED: False,
    Happening.DRILL: False,
}


def test_traffic_moves_by_itself_no_faster_than_the_hold():
    """Otherwise a region that flaps takes everybody with it, to and fro."""
    seen = 0
    for seed in range(10):
        for (one, _), (other, by_itself) in pairwise(_moves(_lived(seed))):
            assert not by_itself or other - one >= _HOLD
            seen += by_itself
    assert seen > 2


@pytest.mark.parametrize("strategy", [Strategy.ACTIVE_ACTIVE, Strategy.WARM_STANDBY, Strategy.PILOT_LIGHT])
@pytest.mark.parametrize("period", [25, 30, 45])
def test_a_region_that_flaps_moves_traffic_no_faster_than_the_hold(strategy, period):
    """Otherwise it takes everybody with it, to and fro: here it is up and down for as many seconds, in turns."""

    def flapping():
        world = World(recovery(strategy, quiet=20.0, detect=4.0))
        for second in range(900):
            world.regions["eu"].up = 0 if second // period % 2 else 10
            known = len(world.events)
            yield world.second(), None, None, known

    moves = list(_moves(flapping()))
    assert all(other - one >= _HOLD for (one, _), (other, by_itself) in pairwise(moves) if by_itself)
    assert len(moves) > 5


def test_a_standby_that_is_not_ready_is_never_moved_to():
    """Otherwise a failover makes an outage out of half of one."""
    for seed in range(8):
        for world, _, weight, known in _lived(seed, 300):
            shifts = [event for event in world.events[known:] if event.what is Happening.SHIFTING]
            if shifts and weight == 0 and world.state.incident is not None:
                to = world.state.incident.to
                standing_in = (
                    [to] if to else [each for each in world.regions if each != world.state.incident.away]
                )
                assert any(world.regions[each].up >= 5 for each in standing_in)
                assert not any(world.regions[each].gate for each in standing_in)


@pytest.mark.parametrize("seed", range(8))
def test_crashing_after_every_decision_changes_nothing(seed):
    """Otherwise it matters which worker decides, or a restart loses a failover or starts a second restore."""

    def lived(crashes):
        world, chance = _world(seed)
        for _ in range(300):
            world.crashes = crashes
            draw = chance.random()
            region = world.regions[chance.choice(world.definition.regions)]
            if draw < 0.05:
                region.up = chance.choice((0, 10))
            world.second()
        return world

    steady, crashing = lived(False), lived(True)
    assert steady.events == crashing.events
    assert steady.state == crashing.state
    assert list(steady.started) == list(crashing.started)


def test_each_run_of_a_hook_has_an_id_of_its_own():
    """Otherwise the second incident is told that its restore is done, by the first."""
    for seed in range(4):
        *_, (world, *_) = _lived(seed)
        ids = [command.id for _, command in world.started.values()]
        assert len(ids) == len(set(ids))
        assert all(command.id == name for name, (_, command) in world.started.items())


def test_the_drawing_has_every_transition_once():
    """Otherwise what people see is only a part of what can happen."""
    lines = drawn().splitlines()
    assert len(lines) == len(set(lines)) == 2 + sum(len(row) for row in TRANSITIONS.values())


def test_from_every_phase_there_is_a_way_back():
    """Otherwise there is a phase that an upstream never leaves."""
    for start in Phase:
        reached, new = {start}, {start}
        while new:
            new = {after for phase in new for after in TRANSITIONS[phase].values()} - reached
            reached |= new
        assert Phase.SERVING in reached


@pytest.mark.parametrize("phase", [Phase.SERVING, Phase.DETECTING, Phase.PREPARING, Phase.GATED, Phase.ERROR])
def test_no_phase_before_the_shift_leads_to_a_failback(phase):
    """Otherwise traffic comes back that never went."""
    assert not {Phase.AWAY, Phase.CLEARING, Phase.FAILING_BACK} & set(TRANSITIONS[phase].values())
    with pytest.raises(Refused):
        moved(phase, Trigger.QUIET)
