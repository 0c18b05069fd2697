"""A region is lost, another stands in, and traffic comes back."""

from dataclasses import replace

import pytest

from reliakit.core.acting import Refused
from reliakit.failover.hooks import Hook
from reliakit.failover.recovery.controller import Orders
from reliakit.failover.recovery.definition import Strategy, problems
from reliakit.failover.recovery.phases import Phase
from tests.failover.regions import Region, World, recovery

_STANDBYS = [Strategy.WARM_STANDBY, Strategy.PILOT_LIGHT, Strategy.BACKUP_RESTORE]


def _world(strategy=Strategy.WARM_STANDBY, **changes):
    world = World(recovery(strategy, **changes), crashes=True)
    if strategy in (Strategy.PILOT_LIGHT, Strategy.BACKUP_RESTORE):
        world.regions["us"].up = 0
    return world


def _lost(strategy=Strategy.WARM_STANDBY, **changes):
    world = _world(strategy, **changes).run(3)
    world.regions["eu"].up = 0
    return world


@pytest.mark.parametrize("strategy", list(Strategy))
def test_a_lost_region_is_left_and_what_it_cost_is_measured(strategy):
    """Otherwise a lost region is an outage, or nobody knows how long it was and what it lost."""
    world = _lost(strategy).until(Phase.AWAY).run(3)
    assert world.shares() == {"eu": 0.0, "us": 1.0}
    detected, restored = world.told("detected"), world.told("restored")
    assert detected.facts["detection_seconds"] == pytest.approx(5.5, abs=1.1)
    assert detected.facts["first_failed_at"] == pytest.approx(1_000_003.5)
    if strategy is not Strategy.ACTIVE_ACTIVE:
        assert (detected.facts["rpo_seconds"], detected.facts["rpo_objective_seconds"]) == (2.0, 5.0)
    prepared = 3 if strategy in (Strategy.PILOT_LIGHT, Strategy.BACKUP_RESTORE) else 0
    assert restored.facts["rto_seconds"] == pytest.approx(7 + prepared, abs=1.5)
    assert restored.facts["rto_objective_seconds"] == 60.0
    assert "within its 60 s" in restored.sentence


def test_the_journal_tells_a_failover_from_its_first_sign_to_its_end():
    """Otherwise nobody can say afterwards what happened when."""
    world = _lost(Strategy.PILOT_LIGHT, quiet=30.0).until(Phase.AWAY)
    world.regions["eu"].up = 10
    world.until(Phase.SERVING)
    assert world.whats == [
        "suspected", "detected", "prepared", "shifting", "shifted", "restored", "failed_over",
        "failback", "failing_back", "shifted", "shifted", "shifted", "failed_back",
    ]  # fmt: skip
    assert world.state.incident is None
    assert world.shares() == {"eu": 1.0, "us": 0.0}


@pytest.mark.parametrize("strategy", _STANDBYS)
def test_a_standby_gets_nothing_before_it_is_ready(strategy):
    """Otherwise clients are sent to a region whose database is still being restored."""
    world = _lost(strategy)
    world.regions["us"].gate = "the replica is not promoted"
    world.until(Phase.GATED).run(20)
    assert (world.phase, world.state.weight) == (Phase.GATED, 0)
    assert "not promoted" in world.state.why
    world.regions["us"].gate = ""
    assert world.until(Phase.AWAY).shares()["us"] == 1


def test_a_standby_with_too_few_endpoints_is_waited_for_and_then_somebody_has_to_look():
    """Otherwise everything goes to the two endpoints of ten that have come up, and they go too."""
    world = _lost()
    world.regions["us"].up = 2
    world.until(Phase.GATED).run(50)
    assert (world.phase, world.state.weight) == (Phase.GATED, 0)
    assert "2 of 10 endpoints ready" in world.state.why
    world.until(Phase.ERROR, 60)
    assert "not ready after 100 s" in world.state.why


def test_an_rto_is_never_less_than_what_clients_have_seen():
    """Otherwise a worker that hung for half a minute makes an outage look shorter than it was."""
    world = _lost().run(2)
    world.second(30.0)
    world.until(Phase.AWAY).run(2)
    assert world.told("restored").facts["rto_seconds"] >= 34


def test_a_short_loss_moves_nothing():
    """Otherwise each restart of a load balancer is a failover across an ocean."""
    world = _lost().run(3)
    assert world.phase is Phase.DETECTING
    world.regions["eu"].up = 10
    assert world.run(2).phase is Phase.SERVING
    assert world.whats == ["suspected", "recovered"]


def test_between_lost_and_well_nothing_changes():
    """Otherwise a region at the threshold is left and taken back every few seconds."""
    world = _world().run(2)
    world.regions["eu"].up = 6
    assert world.run(100).phase is Phase.SERVING
    world.regions["eu"].up = 4
    world.run(2)
    world.regions["eu"].up = 6
    assert world.run(100).phase is Phase.DETECTING


def test_failing_requests_lose_a_region_whose_endpoints_look_fine():
    """Otherwise a region whose database is gone goes on answering errors, healthy as ever."""
    world = _world().run(2)
    seen = world._seen

    def failing():
        found = seen()
        eu = found["eu"]
        return found | {
            "eu": replace(eu, good=0, failed=eu.good, first_failed=eu.first_good, first_good=None)
        }

    world._seen = failing
    assert world.until(Phase.AWAY).shares()["us"] == 1


def test_traffic_moves_step_by_step_while_the_primary_still_serves():
    """Otherwise a cold standby gets everything in one second, on a drill of all days."""
    world = _world().run(2)
    world.order(Orders.START)
    world.until(Phase.AWAY)
    weights = [weight for _, weight in world.log]
    assert sorted(set(weights)) == [0.0, 0.1, 0.5, 1.0]
    assert weights == sorted(weights)
    assert [weights.count(each) for each in (0.1, 0.5)] == [3, 3]


def test_traffic_moves_at_once_where_nothing_is_left_to_move_from():
    """Otherwise nine of ten requests go on to a region that is gone, for the sake of caution."""
    assert {weight for _, weight in _lost().until(Phase.AWAY).log} == {0.0, 1.0}


def test_it_fails_back_by_hand_unless_a_quiet_period_is_set():
    """Otherwise traffic goes back to a region that somebody is still repairing."""
    world = _lost().until(Phase.AWAY)
    world.regions["eu"].up = 10
    assert world.run(300).phase is Phase.AWAY
    world.order(Orders.BACK)
    world.until(Phase.SERVING)
    assert {0.9, 0.5, 0.0} <= {round(weight, 3) for _, weight in world.log}


def test_a_quiet_period_begins_anew_when_the_primary_is_lost_again():
    """Otherwise a region that comes and goes gets its traffic back in one of its good minutes."""
    world = _lost(quiet=100.0, hold=0.0).until(Phase.AWAY)
    for _ in range(10):
        world.regions["eu"].up = 10
        world.run(60)
        world.regions["eu"].up = 0
        world.run(2)
    assert world.phase is Phase.AWAY
    world.regions["eu"].up = 10
    assert world.run(120).phase in (Phase.FAILING_BACK, Phase.SERVING)


def test_a_failback_that_goes_bad_is_taken_back():
    """Otherwise the second loss of a region is the longer outage."""
    world = _lost(quiet=10.0).until(Phase.AWAY)
    world.regions["eu"].up = 10
    world.until(Phase.FAILING_BACK).run(2)
    world.regions["eu"].up = 0
    world.second()
    assert "retreated" in world.whats
    assert world.run(2).shares() == {"eu": 0.0, "us": 1.0}


def test_a_standby_that_breaks_in_the_middle_is_left_for_a_primary_that_is_well():
    """Otherwise a drill with a broken standby becomes an outage."""
    world = _world(back=Hook("resync")).run(2)
    world.order(Orders.DRILL)
    world.until(Phase.SHIFTING).run(4)
    world.regions["us"].up = 0
    assert world.run(3).shares() == {"eu": 1.0, "us": 0.0}
    assert not [command for _, command in world.started.values() if command.verb == "back"]


@pytest.mark.parametrize("strategy", list(Strategy))
def test_a_drill_fails_over_and_returns_by_itself(strategy):
    """Otherwise nobody rehearses, since somebody has to remember the way back."""
    world = _world(strategy).run(2)
    world.order(Orders.DRILL)
    world.until(Phase.AWAY).until(Phase.SERVING)
    assert world.whats[0] == "drill"
    assert "restored" in world.whats
    assert world.told("failed_back").sentence == "the drill has returned: eu serves again"
    assert world.told("failed_back").facts["rto_seconds"] is not None


def test_a_drill_during_which_the_primary_is_lost_is_none_any_more():
    """Otherwise a drill brings the traffic back to a region that is gone."""
    world = _world().run(2)
    world.order(Orders.DRILL)
    world.until(Phase.AWAY)
    world.regions["eu"].up = 0
    assert world.run(60).phase is Phase.AWAY
    assert "in earnest" in world.told("noted").sentence


def test_a_hook_that_fails_is_tried_again_and_then_somebody_has_to_look():
    """Otherwise one lost connection to the cloud's API is an outage, or the tenth attempt starts the tenth fleet."""
    world = _lost(Strategy.PILOT_LIGHT)
    world.hook = lambda command: (2.0, command.attempt == 2)
    world.until(Phase.AWAY)
    assert list(world.started) == ["shop/1/prepare/1.1", "shop/1/prepare/1.2"]
    assert "no quota" in world.told("hook_failed").sentence
    broken = _lost(Strategy.PILOT_LIGHT)
    broken.hook = lambda command: (2.0, False)
    broken.until(Phase.ERROR)
    assert (len(broken.started), broken.state.weight) == (2, 0)
    broken.hook = lambda command: (2.0, True)
    broken.order(Orders.RETRY)
    assert broken.until(Phase.AWAY).shares()["us"] == 1


def test_a_hook_without_a_result_counts_as_failed():
    """Otherwise the death of whoever ran it stops a failover for ever."""
    world = _lost(Strategy.PILOT_LIGHT)
    world.hook = lambda command: (1e9 if command.attempt == 1 else 1.0, True)
    world.until(Phase.AWAY)
    assert "no result within 20 s" in world.told("hook_failed").sentence


def test_a_failover_is_called_off_when_the_region_comes_back_before_anything_moved():
    """Otherwise a restore of an hour ends in a failover from a region that has long been well."""
    world = _lost(Strategy.BACKUP_RESTORE)
    world.hook = lambda command: (15.0, True)
    world.until(Phase.PREPARING)
    world.regions["eu"].up = 10
    world.until(Phase.SERVING)
    assert world.told("recovered").sentence == "eu is well again, before anything has moved"
    assert {weight for _, weight in world.log} == {0.0}


def test_without_the_store_a_process_fails_over_alone():
    """Otherwise the loss of a region that had the store in it is the loss of everything."""
    world = _lost()
    world.shared = False
    assert world.until(Phase.AWAY).shares()["us"] == 1


def test_without_the_store_a_hook_runs_only_where_it_may_run_twice():
    """Otherwise forty workers start forty restores."""
    world = _lost(Strategy.PILOT_LIGHT)
    world.shared = False
    world.until(Phase.PREPARING).run(60)
    assert (world.phase, world.started) == (Phase.PREPARING, {})
    world.regions["us"].up = 10
    assert world.until(Phase.AWAY).shares()["us"] == 1
    alone = _lost(Strategy.PILOT_LIGHT, prepare=Hook("scale-up", alone=True))
    alone.shared = False
    assert alone.until(Phase.AWAY).shares()["us"] == 1


def test_of_several_standbys_the_first_that_is_not_lost_stands_in():
    """Otherwise traffic goes from one lost region to another."""
    world = _world(regions=("eu", "us", "ap"))
    world.regions["ap"] = Region()
    world.regions["eu"].up = world.regions["us"].up = 0
    assert world.until(Phase.AWAY).shares() == {"eu": 0, "us": 0, "ap": 1}


def test_where_all_serve_any_region_can_be_lost_and_the_others_share():
    """Otherwise active-active has a primary after all."""
    world = _world(Strategy.ACTIVE_ACTIVE, regions=("eu", "us", "ap"))
    world.regions["ap"] = Region()
    assert world.run(2).shares() == pytest.approx({"eu": 1 / 3, "us": 1 / 3, "ap": 1 / 3})
    world.regions["us"].up = 0
    assert world.until(Phase.AWAY).shares() == {"eu": 0.5, "us": 0, "ap": 0.5}
    for region in world.regions.values():
        region.up = 0
    assert world.run(100).phase is Phase.AWAY


def test_where_every_region_is_lost_nothing_moves():
    """Otherwise traffic wanders about between dead regions."""
    world = _world(Strategy.ACTIVE_ACTIVE)
    world.regions["eu"].up = world.regions["us"].up = 0
    assert world.run(60).phase is Phase.DETECTING
    assert "so is every other region" in world.state.why


def test_a_clock_that_jumps_moves_nothing():
    """Otherwise a correction of the clock is a failover."""
    world = _lost().run(2)
    world.second(-3_600.0)
    world.second(86_400.0)
    assert world.phase is Phase.DETECTING
    world.until(Phase.AWAY).run(2)
    assert world.told("restored").facts["rto_seconds"] >= 7


def test_what_waits_for_a_person_is_not_written_every_second():
    """Otherwise a failover of a week is 300,000 transactions."""
    world = _lost().until(Phase.AWAY).run(100)
    written = world.state
    world.crashes = False
    world.regions["eu"].up = 10
    world.run(2)
    written = world.state
    assert world.run(100).state is written
    calm = World(recovery())
    written = calm.run(2).state
    assert calm.run(100).state is written


@pytest.mark.parametrize(
    ("verb", "region", "says"),
    [
        (Orders.BACK, "", "can't back while it is Serving; what can be done: drill, start"),
        (Orders.START, "eu", "'eu' is none of us"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused_with_what_would(verb, region, says):
    """Otherwise an operator at night has to guess."""
    with pytest.raises(Refused, match=says):
        _world().order(verb, region)


@pytest.mark.parametrize(
    ("strategy", "changes", "says"),
    [
        (Strategy.WARM_STANDBY, {"regions": ("eu",)}, "needs two regions"),
        (Strategy.WARM_STANDBY, {"regions": ("eu", "eu")}, "named twice"),
        (Strategy.PILOT_LIGHT, {"prepare": None}, "needs a `prepare` hook"),
        (Strategy.BACKUP_RESTORE, {"quiet": 60.0}, "can't fail back by itself"),
        (Strategy.WARM_STANDBY, {"well_above": 0.3}, "lost and well at once"),
        (Strategy.WARM_STANDBY, {"steps": (0.5, 0.1, 1.0)}, "have to rise"),
        (Strategy.WARM_STANDBY, {"steps": (0.5,)}, "have to rise"),
    ],
)
def test_a_definition_that_makes_no_sense_says_why(strategy, changes, says):
    """Otherwise it is found out in the disaster."""
    assert any(says in each for each in problems(recovery(strategy, **changes)))
    assert list(problems(recovery(strategy))) == []
