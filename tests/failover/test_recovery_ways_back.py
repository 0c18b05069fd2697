"""Failbacks, drills, hooks and orders: what goes wrong in a failover, and how one ends."""

import pytest

from reliakit.core.acting import Refused
from reliakit.failover.hooks import Hook
from reliakit.failover.recovery.definition import Strategy, problems
from reliakit.failover.recovery.orders import Orders
from reliakit.failover.recovery.phases import Phase
from tests.failover.regions import World, lost, recovery, world_of

_STANDBYS = [Strategy.WARM_STANDBY, Strategy.PILOT_LIGHT, Strategy.BACKUP_RESTORE]


def test_it_fails_back_by_hand_unless_a_quiet_period_is_set():
    """Otherwise traffic goes back to a region that somebody is still repairing."""
    world = lost().until(Phase.AWAY)
    world.regions["eu"].up = 10
    assert world.run(300).phase is Phase.AWAY
    world.order(Orders.BACK)
    world.until(Phase.SERVING)
    assert {0.9, 0.5, 0.0} <= {round(weight, 3) for _, weight in world.log}


def test_a_quiet_period_begins_anew_when_the_primary_is_lost_again():
    """Otherwise a region that comes and goes gets its traffic back in one of its good minutes."""
    world = lost(quiet=100.0, hold=0.0).until(Phase.AWAY)
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
    world = lost(quiet=10.0).until(Phase.AWAY)
    world.regions["eu"].up = 10
    world.until(Phase.FAILING_BACK).run(2)
    world.regions["eu"].up = 0
    world.second()
    assert "retreated" in world.whats
    assert world.run(2).shares() == {"eu": 0.0, "us": 1.0}


def test_a_standby_that_breaks_in_the_middle_is_left_for_a_primary_that_is_well():
    """Otherwise a drill with a broken standby becomes an outage."""
    world = world_of(back=Hook("resync")).run(2)
    world.order(Orders.DRILL)
    world.until(Phase.SHIFTING).run(4)
    world.regions["us"].up = 0
    assert world.run(3).shares() == {"eu": 1.0, "us": 0.0}
    assert not [command for _, command in world.started.values() if command.verb == "back"]


@pytest.mark.parametrize("strategy", list(Strategy))
def test_a_drill_fails_over_and_returns_by_itself(strategy):
    """Otherwise nobody rehearses, since somebody has to remember the way back."""
    world = world_of(strategy).run(2)
    world.order(Orders.DRILL)
    world.until(Phase.AWAY).until(Phase.SERVING)
    assert world.whats[0] == "drill"
    assert "restored" in world.whats
    assert world.told("failed_back").sentence == "the drill has returned: eu serves again"
    assert world.told("failed_back").facts["rto_seconds"] is not None


def test_a_drill_during_which_the_primary_is_lost_is_none_any_more():
    """Otherwise a drill brings the traffic back to a region that is gone."""
    world = world_of().run(2)
    world.order(Orders.DRILL)
    world.until(Phase.AWAY)
    world.regions["eu"].up = 0
    assert world.run(60).phase is Phase.AWAY
    assert "in earnest" in world.told("noted").sentence


def test_a_hook_that_fails_is_tried_again_and_then_somebody_has_to_look():
    """Otherwise one lost connection to the cloud's API is an outage, or the tenth attempt starts the tenth fleet."""
    world = lost(Strategy.PILOT_LIGHT)
    world.hook = lambda command: (2.0, command.attempt == 2)
    world.until(Phase.AWAY)
    assert list(world.started) == ["shop/1/prepare/1.1", "shop/1/prepare/1.2"]
    assert "no quota" in world.told("hook_failed").sentence
    broken = lost(Strategy.PILOT_LIGHT)
    broken.hook = lambda command: (2.0, False)
    broken.until(Phase.ERROR)
    assert (len(broken.started), broken.state.weight) == (2, 0)
    broken.hook = lambda command: (2.0, True)
    broken.order(Orders.RETRY)
    assert broken.until(Phase.AWAY).shares()["us"] == 1


def test_a_hook_without_a_result_counts_as_failed():
    """Otherwise the death of whoever ran it stops a failover for ever."""
    world = lost(Strategy.PILOT_LIGHT)
    world.hook = lambda command: (1e9 if command.attempt == 1 else 1.0, True)
    world.until(Phase.AWAY)
    assert "no result within 20 s" in world.told("hook_failed").sentence


def test_a_failover_is_called_off_when_the_region_comes_back_before_anything_moved():
    """Otherwise a restore of an hour ends in a failover from a region that has long been well."""
    world = lost(Strategy.BACKUP_RESTORE)
    world.hook = lambda command: (15.0, True)
    world.until(Phase.PREPARING)
    world.regions["eu"].up = 10
    world.until(Phase.SERVING)
    assert world.told("recovered").sentence == "eu is well again, before anything has moved"
    assert {weight for _, weight in world.log} == {0.0}


def test_without_the_store_a_process_fails_over_alone():
    """Otherwise the loss of a region that had the store in it is the loss of everything."""
    world = lost()
    world.shared = False
    assert world.until(Phase.AWAY).shares()["us"] == 1


def test_without_the_store_a_hook_runs_only_where_it_may_run_twice():
    """Otherwise forty workers start forty restores."""
    world = lost(Strategy.PILOT_LIGHT)
    world.shared = False
    world.until(Phase.PREPARING).run(60)
    assert (world.phase, world.started) == (Phase.PREPARING, {})
    world.regions["us"].up = 10
    assert world.until(Phase.AWAY).shares()["us"] == 1
    alone = lost(Strategy.PILOT_LIGHT, prepare=Hook("scale-up", alone=True))
    alone.shared = False
    assert alone.until(Phase.AWAY).shares()["us"] == 1


def test_what_waits_for_a_person_is_not_written_every_second():
    """Otherwise a failover of a week is 300,000 transactions."""
    world = lost().until(Phase.AWAY).run(100)
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
        world_of().order(verb, region)


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
