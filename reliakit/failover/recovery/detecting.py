"""Before any traffic moves: a region is lost, a standby is prepared, and it becomes ready."""

from reliakit.failover.elapsing import LONGEST
from reliakit.failover.events import Happening
from reliakit.failover.hooks import Progress
from reliakit.failover.recovery.moving import Moving
from reliakit.failover.recovery.observed import Condition
from reliakit.failover.recovery.phases import Trigger
from reliakit.failover.recovery.state import Incident

__all__ = ["begun", "detecting", "error", "gated", "preparing", "serving"]


def serving(moving: Moving) -> None:
    """Nothing is wrong, until a region that serves is lost."""
    _after(moving)
    regions = moving.definition.regions
    for region in regions if moving.definition.traits.all_serve else regions[:1]:
        if moving.condition(region) is Condition.LOST:
            moving.put(incident=begun(moving, region), number=moving.state.number + 1, bad=0.0, well=0.0)
            moving.move(Trigger.LOSE, f"{region} looks lost: {_looks(moving, region)}")
            return


def begun(moving: Moving, away: str, to: str = "", asked: bool = False, drill: bool = False) -> Incident:
    """Returns a new incident."""
    definition, seen = moving.definition, moving.observed.of(away)
    to = to or ("" if definition.traits.all_serve else _standby(moving))
    base = moving.now if asked or seen.first_failed is None else min(seen.first_failed, moving.now)
    elapsed = min(moving.now - base, LONGEST)
    return Incident(away, to, base, elapsed, asked, drill, moving.observed.of(to).lag if to else None)


def detecting(moving: Moving) -> None:
    """It has to stay lost for a while, traffic must have rested since it moved last, and there must be somewhere to go."""
    definition, state, region = moving.definition, moving.state, moving.incident.away
    if moving.here is Condition.WELL:
        moving.move(Trigger.RECOVER, f"{region} is well again", incident=None)
    elif state.bad < definition.detect:
        moving.put(why=f"{region} has been lost for {state.bad:.0f} s of {definition.detect:g}")
    elif state.rested is not None and state.rested < definition.hold:
        moving.put(
            why=f"{region} is lost, and traffic has moved {state.rested:.0f} s ago: {definition.hold:g} have to pass"
        )
    elif definition.traits.all_serve and moving.there is Condition.LOST:
        moving.put(why=f"{region} is lost, and so is every other region")
    else:
        _confirm(moving)


def _confirm(moving: Moving) -> None:
    incident, definition = moving.incident, moving.definition
    facts = {
        "first_failed_at": incident.base,
        "detection_seconds": incident.elapsed,
        "rpo_seconds": incident.lag,
        "rpo_objective_seconds": definition.rpo,
    }
    moving.move(Trigger.CONFIRM, f"{incident.away} is lost: {_looks(moving, incident.away)}", facts, well=0.0)


def preparing(moving: Moving) -> None:
    """The hook makes a standby able to serve; without one it is able already."""
    hook = moving.definition.prepare
    if _called_off(moving):
        return
    if hook is None:
        moving.move(Trigger.PREPARED, "nothing has to be prepared")
    elif not (moving.observed.shared or hook.alone):
        _somebody_else(moving)
    else:
        progress = moving.hooked(hook, "prepare", moving.incident.to or moving.standing_in[0])
        if progress is Progress.DONE:
            moving.move(Trigger.PREPARED, f"{hook.name} is done")
        elif progress is Progress.FAILED:
            moving.move(Trigger.FAULT, f"{hook.name} failed {hook.attempts} times: somebody has to look")


def _somebody_else(moving: Moving) -> None:
    # Every worker would run it, each for itself. Whoever can has perhaps done so: then the standby becomes ready.
    if moving.there is Condition.LOST:
        moving.put(
            why="the store is gone, and the hook must not run in every worker: waiting for the standby"
        )
    else:
        moving.move(Trigger.PREPARED, "the standby is ready, though nobody can say who prepared it")


def gated(moving: Moving) -> None:
    """A standby gets no traffic before it is ready."""
    regions = moving.standing_in
    against = next((gate for each in regions if (gate := moving.observed.of(each).gate)), "")
    if _called_off(moving):
        return
    if moving.there is not Condition.LOST and not against:
        moving.move(Trigger.READY, f"{' and '.join(regions)} ready", weight=0.0, rested=0.0)
    elif moving.state.elapsed >= moving.definition.deadline:
        moving.move(
            Trigger.FAULT,
            f"not ready after {moving.definition.deadline:g} s: {against or _looks(moving, regions[0])}",
        )
    else:
        moving.put(why=f"waiting for {regions[0]}: {against or _looks(moving, regions[0])}")


def error(moving: Moving) -> None:
    """Somebody has to look, unless the region comes back by itself."""
    _called_off(moving)


def _called_off(moving: Moving) -> bool:
    """Whether the region is well again before anything has moved. What people have asked for, only they call off."""
    incident = moving.incident
    off = not incident.asked and moving.state.well >= moving.definition.detect
    if off:
        moving.move(
            Trigger.RECOVER, f"{incident.away} is well again, before anything has moved", incident=None
        )
    return off


def _standby(moving: Moving) -> str:
    """The first that is not lost; where all are, as with a pilot light, the first."""
    able = moving.definition.regions[1:]
    return next((each for each in able if moving.condition(each) is not Condition.LOST), able[0])


def _looks(moving: Moving, region: str) -> str:
    seen = moving.observed.of(region)
    return f"{seen.ready} of {seen.endpoints} endpoints ready, {seen.failed} of {seen.good + seen.failed} requests failed"


def _after(moving: Moving) -> None:
    """Scales down what stands by, once traffic is back. Nothing waits for it."""
    hook, run = moving.definition.after, moving.state.run
    if run is None:
        return
    if hook is None:
        moving.put(run=None)
    elif moving.observed.shared or hook.alone:
        progress = moving.hooked(hook, "after", moving.definition.regions[-1])
        if progress is Progress.FAILED:
            moving.put(run=None)
            moving.note(Happening.NOTED, f"{hook.name} failed: what stands by may run at full size still")
