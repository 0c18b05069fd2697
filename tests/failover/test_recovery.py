"""A region is lost, and another stands in."""

import pytest

from reliakit.failover.recovery.definition import Strategy
from reliakit.failover.recovery.orders import Orders
from reliakit.failover.recovery.phases import Phase
from tests.failover.regions import Region, lost, world_of

_STANDBYS = [Strategy.WARM_STANDBY, Strategy.PILOT_LIGHT, Strategy.BACKUP_RESTORE]


@pytest.mark.parametrize("strategy", list(Strategy))
def test_a_lost_region_is_left_and_what_it_cost_is_measured(strategy):
    """Otherwise a lost region is an outage, or nobody knows how long it was and what it lost."""
    world = lost(strategy).until(Phase.AWAY).run(3)
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
    world = lost(Strategy.PILOT_LIGHT, quiet=30.0).until(Phase.AWAY)
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
    world = lost(strategy)
    world.regions["us"].gate = "the replica is not promoted"
    world.until(Phase.GATED).run(20)
    assert (world.phase, world.state.weight) == (Phase.GATED, 0)
    assert "not promoted" in world.state.why
    world.regions["us"].gate = ""
    assert world.until(Phase.AWAY).shares()["us"] == 1


def test_a_standby_with_too_few_endpoints_is_waited_for_and_then_somebody_has_to_look():
    """Otherwise everything goes to the two endpoints of ten that have come up, and they go too."""
    world = lost()
    world.regions["us"].up = 2
    world.until(Phase.GATED).run(50)
    assert (world.phase, world.state.weight) == (Phase.GATED, 0)
    assert "2 of 10 endpoints ready" in world.state.why
    world.until(Phase.ERROR, 60)
    assert "not ready after 100 s" in world.state.why


def test_an_rto_is_never_less_than_what_clients_have_seen():
    """Otherwise a worker that hung for half a minute makes an outage look shorter than it was."""
    world = lost().run(2)
    world.second(30.0)
    world.until(Phase.AWAY).run(2)
    assert world.rto >= 34


def test_a_short_loss_moves_nothing():
    """Otherwise each restart of a load balancer is a failover across an ocean."""
    world = lost().run(3)
    assert world.phase is Phase.DETECTING
    world.regions["eu"].up = 10
    assert world.run(2).phase is Phase.SERVING
    assert world.whats == ["suspected", "recovered"]


def test_between_lost_and_well_nothing_changes():
    """Otherwise a region at the threshold is left and taken back every few seconds."""
    world = world_of().run(2)
    world.regions["eu"].up = 6
    assert world.run(100).phase is Phase.SERVING
    world.regions["eu"].up = 4
    world.run(2)
    world.regions["eu"].up = 6
    assert world.run(100).phase is Phase.DETECTING


def test_failing_requests_lose_a_region_whose_endpoints_look_fine():
    """Otherwise a region whose database is gone goes on answering errors, healthy as ever."""
    world = world_of().run(2)
    world.regions["eu"].errs = True
    assert world.until(Phase.AWAY).shares()["us"] == 1


def test_traffic_moves_step_by_step_while_the_primary_still_serves():
    """Otherwise a cold standby gets everything in one second, on a drill of all days."""
    world = world_of().run(2)
    world.order(Orders.START)
    world.until(Phase.AWAY)
    weights = [weight for _, weight in world.log]
    assert sorted(set(weights)) == [0.0, 0.1, 0.5, 1.0]
    assert weights == sorted(weights)
    assert [weights.count(each) for each in (0.1, 0.5)] == [3, 3]


def test_traffic_moves_at_once_where_nothing_is_left_to_move_from():
    """Otherwise nine of ten requests go on to a region that is gone, for the sake of caution."""
    assert {weight for _, weight in lost().until(Phase.AWAY).log} == {0.0, 1.0}


def test_of_several_standbys_the_first_that_is_not_lost_stands_in():
    """Otherwise traffic goes from one lost region to another."""
    world = world_of(regions=("eu", "us", "ap"))
    world.regions["ap"] = Region()
    world.regions["eu"].up = world.regions["us"].up = 0
    assert world.until(Phase.AWAY).shares() == {"eu": 0, "us": 0, "ap": 1}


def test_where_all_serve_any_region_can_be_lost_and_the_others_share():
    """Otherwise active-active has a primary after all."""
    world = world_of(Strategy.ACTIVE_ACTIVE, regions=("eu", "us", "ap"))
    world.regions["ap"] = Region()
    assert world.run(2).shares() == pytest.approx({"eu": 1 / 3, "us": 1 / 3, "ap": 1 / 3})
    world.regions["us"].up = 0
    assert world.until(Phase.AWAY).shares() == {"eu": 0.5, "us": 0, "ap": 0.5}
    for region in world.regions.values():
        region.up = 0
    assert world.run(100).phase is Phase.AWAY


def test_where_every_region_is_lost_nothing_moves():
    """Otherwise traffic wanders about between dead regions."""
    world = world_of(Strategy.ACTIVE_ACTIVE)
    world.regions["eu"].up = world.regions["us"].up = 0
    assert world.run(60).phase is Phase.DETECTING
    assert "so is every other region" in world.state.why


def test_a_clock_that_jumps_moves_nothing():
    """Otherwise a correction of the clock is a failover."""
    world = lost().run(2)
    world.second(-3_600.0)
    world.second(86_400.0)
    assert world.phase is Phase.DETECTING
    world.until(Phase.AWAY).run(2)
    assert world.rto >= 7
