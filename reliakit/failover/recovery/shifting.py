"""While traffic moves, and while it is away."""

from reliakit.failover.events import Happening
from reliakit.failover.hooks import Progress, Run
from reliakit.failover.recovery.moving import Moving
from reliakit.failover.recovery.observed import Condition
from reliakit.failover.recovery.phases import Trigger

__all__ = ["away", "clearing", "failing_back", "measure", "shifting"]


def measure(moving: Moving) -> None:
    """Measures the RTO: from the first failed request to the first good one after traffic has begun to move."""
    state = moving.state
    if state.incident is None or state.incident.rto is not None or not state.weight:
        return
    firsts = [moving.observed.of(each).first_good for each in moving.standing_in]
    good = min((each for each in firsts if each is not None), default=None)
    if good is None:
        return
    # The larger of two ways to count: a clock that jumped must not make an outage look shorter than it was.
    rto = max(state.incident.elapsed, good - state.incident.base)
    moving.tell(rto=rto)
    objective = moving.definition.rto
    against = (
        "" if objective is None else f", {'within' if rto <= objective else 'beyond'} its {objective:g} s"
    )
    moving.note(
        Happening.RESTORED, f"served from elsewhere after {rto:.1f} s{against}",
        rto_seconds=rto, rto_objective_seconds=objective,
    )  # fmt: skip


def shifting(moving: Moving) -> None:
    """More and more goes to the standby; everything at once where nothing is left to be careful for."""
    state, definition = moving.state, moving.definition
    if state.weight >= 1:
        moving.move(Trigger.SHIFTED, _where(moving), well=0.0)
    elif moving.there is Condition.LOST:
        _nowhere(moving)
    elif moving.here is Condition.LOST:
        _weigh(moving, 1.0, f"{moving.incident.away} is lost: all at once")
    elif not state.weight or state.elapsed >= definition.bake:
        _weigh(moving, next(each for each in definition.steps if each > state.weight), "shifted by one step")


def _nowhere(moving: Moving) -> None:
    if moving.here is Condition.WELL:
        moving.move(
            Trigger.RETREAT, f"what stands in is lost, and {moving.incident.away} is well", hasty=True
        )
    else:
        moving.put(why="what stands in is lost too: nothing moves")


def _weigh(moving: Moving, weight: float, why: str) -> None:
    moving.put(weight=weight, elapsed=0.0, why=why)
    moving.note(Happening.SHIFTED, f"{why}: {weight:.0%} away from {moving.incident.away}", weight=weight)


def away(moving: Moving) -> None:
    """A drill returns by itself, other failovers after a quiet period where one is set, or by hand."""
    state, definition, incident = moving.state, moving.definition, moving.incident
    if incident.drill and moving.here is Condition.LOST:
        moving.tell(drill=False, asked=False)
        moving.note(Happening.NOTED, f"{incident.away} is lost in earnest: the drill is none any more")
    elif incident.drill:
        if state.elapsed >= definition.drill:
            moving.move(Trigger.QUIET, "the drill is over")
    elif definition.quiet is not None and definition.traits.returns and not incident.asked:
        rested = state.rested is None or state.rested >= definition.hold
        if rested and state.well >= definition.quiet:
            moving.move(Trigger.QUIET, f"{incident.away} has been well for {state.well:.0f} s")
    else:
        moving.put(why=f"{_where(moving)}; it fails back by hand")


def clearing(moving: Moving) -> None:
    """The region that was left is made able to serve again, and has to be well before it gets anything."""
    hook, state, region = moving.definition.back, moving.state, moving.incident.away
    if moving.here is Condition.LOST:
        moving.move(Trigger.RETREAT, f"{region} is lost again")
    elif hook is not None and not state.hasty and not _cleared(moving):
        _clear(moving)
    elif moving.here is Condition.WELL:
        moving.move(Trigger.CLEARED, f"{region} is ready", hasty=False, rested=0.0)
    elif state.elapsed >= moving.definition.deadline:
        moving.move(Trigger.FAULT, f"{region} is not well after {moving.definition.deadline:g} s")


_DONE = "back: done"
"""The purpose of a run that stands for one that is done, while the region has still to become well."""


def _cleared(moving: Moving) -> bool:
    return moving.state.run is not None and moving.state.run.purpose == _DONE


def _clear(moving: Moving) -> None:
    hook = moving.definition.back
    assert hook is not None
    if not (moving.observed.shared or hook.alone):
        moving.put(why="the store is gone, and the hook must not run in every worker")
        return
    progress = moving.hooked(hook, "back", moving.incident.away)
    if progress is Progress.DONE:
        moving.put(run=Run(_DONE, moving.state.series))
    elif progress is Progress.FAILED:
        moving.move(Trigger.FAULT, f"{hook.name} failed {hook.attempts} times: traffic stays away", well=0.0)


def failing_back(moving: Moving) -> None:
    """Less and less stays away; nothing at once where what stands in is lost."""
    state, definition, region = moving.state, moving.definition, moving.incident.away
    if moving.here is Condition.LOST:
        moving.move(Trigger.RETREAT, f"{region} is lost again", rested=0.0, well=0.0)
    elif state.weight <= 0:
        _returned(moving)
    elif moving.there is Condition.LOST:
        _weigh(moving, 0.0, "what stands in is lost: all at once")
    elif state.weight >= 1 or state.elapsed >= definition.bake:
        lower = (1 - each for each in definition.steps if 1 - each < state.weight - 1e-9)
        _weigh(moving, next(lower, 0.0), "failed back by one step")


def _returned(moving: Moving) -> None:
    incident, after = moving.incident, moving.definition.after
    drilled = "the drill has returned: " if incident.drill else ""
    facts = {"rto_seconds": incident.rto, "rpo_seconds": incident.lag}
    run = None if after is None else moving.next_run("after")
    why = f"{drilled}{incident.away} serves again"
    moving.move(Trigger.RETURNED, why, facts, incident=None, weight=0.0, run=run, bad=0.0)
    moving.put(series=moving.state.series + (run is not None))


def _where(moving: Moving) -> str:
    return f"{' and '.join(moving.standing_in)} serves in place of {moving.incident.away}"
