"""Endpoints are replaced a few at a time, and put back where that goes wrong."""

import pytest

from reliakit.core.acting import Refused
from reliakit.failover.rolling.controller import Orders, decide
from reliakit.failover.rolling.definition import problems
from reliakit.failover.rolling.phases import STEPS, TRANSITIONS, Phase, Step
from reliakit.failover.rolling.state import emptied
from tests.failover.fleet import Fleet, rolling

_SPARED = {"max_surge": 1, "max_unavailable": 0}


@pytest.mark.parametrize("crashes", [0.0, 0.3])
@pytest.mark.parametrize(
    ("changes", "least"),
    [({}, 5), ({"max_unavailable": 2}, 4), (_SPARED, 6), ({"max_surge": 2, "max_unavailable": 1}, 5)],
)
def test_all_are_replaced_and_no_request_is_lost(changes, least, crashes):
    """Otherwise a deploy drops requests, or takes away more of the capacity than was allowed."""
    fleet = Fleet(rolling(**changes), seed=1, crashes=crashes).ended()
    assert fleet.state.phase is Phase.SUCCESSFUL
    assert fleet.versions == [2] * 6 + [0, 0]
    assert (fleet.lost, fleet.least) == (0, least)


def test_an_endpoint_proves_itself_before_the_next():
    """Otherwise a version that breaks after four seconds is everywhere by then."""
    fleet = Fleet(rolling(warm=4.0)).ended()
    replaced = [event.at for event in fleet.events if event.what.value == "replaced"]
    begun = [event.at for event in fleet.events if event.what.value == "replacing"]
    assert len(begun) == len(replaced) == 6
    assert all(later >= earlier for earlier, later in zip(replaced, begun[1:], strict=False))
    assert all(end - begin >= 2 + 3 + 4 + 5 for begin, end in zip(begun, replaced, strict=True))


def test_a_drain_waits_for_requests_in_flight_but_not_for_ever():
    """Otherwise one hanging request stops every deploy. Here one of them never ends."""
    fleet = Fleet(rolling())
    first = fleet.definition.endpoints[0]
    fleet.processes[first].requests.append(float("inf"))
    fleet.until(lambda fleet: "replacing" in fleet.whats)
    assert fleet.whats[1:4] == ["draining", "noted", "replacing"]
    assert fleet.now - fleet.events[1].at == pytest.approx(10, abs=1.1)


@pytest.mark.parametrize("crashes", [0.0, 0.3])
@pytest.mark.parametrize("changes", [{}, {"max_unavailable": 2}, _SPARED])
def test_a_version_that_goes_bad_half_way_is_stopped_and_undone(changes, crashes):
    """Otherwise a bad version is everywhere, or half of a fleet stays on it."""

    def bad(fleet):
        new = sum(fleet.processes[address].version == 2 for address in fleet.definition.endpoints)
        return "errors of the new ones" if new >= 3 and fleet.state.phase is Phase.RUNNING else ""

    fleet = Fleet(rolling(**changes), seed=2, crashes=crashes, bad=bad).ended()
    assert fleet.state.phase is Phase.FAILED
    assert fleet.versions == [1] * 6 + [0, 0]
    assert fleet.lost == 0
    assert fleet.least >= 6 - max(1, fleet.definition.max_unavailable)
    assert "errors of the new ones" in fleet.state.why


def test_what_was_replaced_is_put_back_in_reverse_order():
    """Otherwise the one that is surely bad, since it came last, serves longest."""
    fleet = Fleet(rolling()).until(lambda fleet: fleet.versions.count(2) == 4)
    fleet.order(Orders.ABORT)
    fleet.ended()
    undone = [command.target for _, command in fleet.ran.values() if command.verb == "undo"]
    assert undone == list(reversed(fleet.definition.endpoints[:4]))


def test_an_endpoint_that_never_becomes_ready_ends_the_replacement():
    """Otherwise a broken version takes down one endpoint after the other, or waits for ever."""
    fleet = Fleet(rolling(), broken=lambda address, version: version == 2).ended()
    assert fleet.state.phase is Phase.FAILED
    assert fleet.versions == [1] * 6 + [0, 0]
    assert [command.verb for _, command in fleet.ran.values()] == ["replace", "undo"]
    assert fleet.least == 5


def test_a_spare_that_does_not_start_costs_nothing():
    """Otherwise the first sign of a bad version is an endpoint that is missing."""
    fleet = Fleet(rolling(**_SPARED), broken=lambda address, version: version == 2).ended()
    assert (fleet.state.phase, fleet.least, fleet.lost) == (Phase.FAILED, 6, 0)
    assert fleet.versions == [1] * 6 + [0, 0]


def test_a_hook_that_fails_is_tried_again_and_then_undone():
    """Otherwise one failed connection stops a deploy, or half of a replacement stays."""
    flaky = Fleet(rolling(), fails=lambda command: command.attempt == 1).ended()
    assert flaky.state.phase is Phase.SUCCESSFUL
    assert flaky.whats.count("hook_failed") == 6
    broken = Fleet(
        rolling(), fails=lambda command: command.verb == "replace" and command.target.endswith("3:8000")
    )
    assert broken.ended().state.phase is Phase.FAILED
    assert broken.versions == [1] * 6 + [0, 0]


def test_where_putting_back_fails_somebody_has_to_look_and_may_try_again():
    """Otherwise an endpoint is left in between, and the journal says that all is well."""
    fleet = Fleet(
        rolling(), broken=lambda address, version: version == 2, fails=lambda each: each.verb == "undo"
    ).ended()
    assert fleet.state.phase is Phase.ERROR
    assert "was not put back" in fleet.state.why
    fleet.fails = lambda command: False
    fleet.order(Orders.RETRY)
    assert fleet.ended().state.phase is Phase.FAILED
    assert fleet.versions == [1] * 6 + [0, 0]


def test_nothing_begins_while_too_many_are_missing_anyway():
    """Otherwise a deploy on a bad day is the outage. Those that are missing go first: they cost nothing."""
    fleet = Fleet(
        rolling(), broken=lambda address, version: version == 1 and address.endswith(("2:8000", "4:8000"))
    )
    fleet.until(lambda fleet: fleet.versions.count(2) == 2)
    assert fleet.versions[:6] == [1, 2, 1, 2, 1, 1]
    assert fleet.ended().state.phase is Phase.SUCCESSFUL
    assert fleet.least == 4


def test_a_pause_lets_what_has_begun_end_and_nothing_else_begin():
    """Otherwise a pause leaves an endpoint out, or is none."""
    fleet = Fleet(rolling()).until(lambda fleet: "replacing" in fleet.whats)
    fleet.order(Orders.PAUSE)
    for _ in range(100):
        fleet.second()
    assert (fleet.versions.count(2), len(fleet.serving())) == (1, 6)
    fleet.order(Orders.RESUME)
    assert fleet.ended().state.phase is Phase.SUCCESSFUL


def test_without_the_store_nothing_is_replaced():
    """Otherwise every worker replaces an endpoint of its own choice, all at once."""
    fleet = Fleet(rolling()).until(lambda fleet: fleet.versions.count(2) == 1)
    fleet.shared = False
    ran = len(fleet.ran)
    for _ in range(100):
        fleet.second()
    assert len(fleet.ran) == ran
    fleet.shared = True
    assert fleet.ended().state.phase is Phase.SUCCESSFUL


def test_whoever_has_not_said_what_is_in_flight_is_waited_for():
    """Otherwise an endpoint is stopped under the requests of a worker that has not heard of the drain."""
    fleet = Fleet(rolling(), told=False)
    for _ in range(9):
        fleet.second()
    assert fleet.state.units[0].step is Step.DRAINING
    fleet.until(lambda fleet: "replacing" in fleet.whats, 4)


def test_what_is_over_asks_for_nothing_more():
    """Otherwise a finished deploy costs a look each second for ever."""
    fleet = Fleet(rolling()).ended()
    found = decide(fleet.definition, fleet.state, fleet.observed(), fleet.now + 1)
    assert (found.state, found.events, found.wake) == (fleet.state, (), float("inf"))
    assert emptied(fleet.state) == frozenset()
    with pytest.raises(
        Refused, match="can't abort a replacement that is Successful; what can be done: nothing"
    ):
        fleet.order(Orders.ABORT)


@pytest.mark.parametrize("seed", range(6))
def test_a_crash_at_any_step_changes_nothing(seed):
    """Otherwise an endpoint is replaced twice, or left out, since a process died at the wrong moment."""
    steady, crashing = Fleet(rolling(), seed), Fleet(rolling(), seed, crashes=1e-9)
    assert steady.ended().events == crashing.ended().events
    killed = Fleet(rolling(max_surge=seed % 2), seed, crashes=0.6).ended()
    assert killed.state.phase is Phase.SUCCESSFUL
    verbs = [(command.verb, command.target) for _, command in killed.ran.values()]
    assert len(verbs) == len(set(verbs))
    assert (killed.lost, killed.versions[:6]) == (0, [2] * 6)


@pytest.mark.parametrize("seed", range(12))
def test_whatever_fails_and_whoever_dies_capacity_is_kept_and_the_journal_is_along_the_table(seed):
    """Otherwise some order of failures takes an upstream down, or leaves it stuck."""
    fleet = Fleet(rolling(max_unavailable=1 + seed % 2, max_surge=seed % 3), seed, crashes=0.3)
    chance = fleet.chance
    unlucky = {address for address in fleet.processes if chance.random() < 0.15}
    fleet.broken = lambda address, version: version == 2 and address in unlucky
    flaky = seed % 4
    fleet.fails = lambda command: len(command.id) * 7 + command.attempt * flaky + seed * 3 % 11 == 0
    phase = Phase.RUNNING
    for second in range(900):
        if phase in (Phase.SUCCESSFUL, Phase.FAILED):
            break
        if second == 100 + seed and seed % 5 == 0 and fleet.state.phase is Phase.RUNNING:
            fleet.order(Orders.ABORT)
        known = len(fleet.events)
        fleet.second()
        for event in fleet.events[known:]:
            assert event.before == phase or event.actor.kind == "person" or event.before == event.after
            assert event.before == event.after or event.after in TRANSITIONS[Phase(event.before)].values()
        phase = fleet.state.phase
        assert phase is not Phase.SUCCESSFUL or fleet.versions == [2] * 6 + [0, 0]
        assert phase is not Phase.FAILED or fleet.versions == [1] * 6 + [0, 0]
    assert phase in (Phase.SUCCESSFUL, Phase.FAILED)
    assert fleet.lost == 0
    assert fleet.least >= 6 - fleet.definition.max_unavailable - len(unlucky)


def test_from_every_step_there_is_a_way_to_old_and_to_new():
    """Otherwise an endpoint gets stuck between two versions."""
    for start in Step:
        reached = {start}
        while more := {after for step in reached for after in STEPS[step].values()} - reached:
            reached |= more
        assert {Step.OLD, Step.NEW} <= reached


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"endpoints": ()}, "no endpoint"),
        ({"spares": rolling().endpoints[:1]}, "named twice"),
        ({"max_surge": 3}, "needs as many"),
        ({"max_surge": 1, "stop": None}, "need a `stop` hook"),
        ({"max_unavailable": 0}, "nothing may be missing"),
        ({"endpoints": rolling().endpoints[:1]}, "all endpoints would be missing"),
    ],
)
def test_a_definition_that_makes_no_sense_says_why(changes, says):
    """Otherwise it is found out in the middle of a deploy."""
    assert any(says in each for each in problems(rolling(**changes)))
    assert list(problems(rolling())) == []
