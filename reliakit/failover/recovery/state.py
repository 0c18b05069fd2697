"""Where the regions of an upstream stand: small, plain, and shared where there is a store."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from reliakit.failover.distribution import Admission
from reliakit.failover.hooks import Run
from reliakit.failover.records import Record, opened, stamped
from reliakit.failover.recovery.definition import RecoveryDefinition
from reliakit.failover.recovery.phases import Phase

__all__ = ["Incident", "RecoveryState", "admitted"]


@dataclass(frozen=True, slots=True)
class Incident:
    """One loss of a region, or what people have asked for.

    Attributes:
        away: the region that traffic leaves.
        to: the one that stands in for it; empty where all others do.
        base: when the first request failed, or the incident began, in seconds since 1970-01-01 UTC.
        elapsed: seconds since then, as they were counted: no jump of a clock is in it.
        asked: whether a person wanted it; then only a person ends it.
        drill: whether it returns by itself.
        lag: seconds that the standby's data was behind when it began; None where nothing probes.
        rto: seconds from `base` to the first good answer after traffic had moved; None before it.
    """

    away: str
    to: str
    base: float
    elapsed: float = 0.0
    asked: bool = False
    drill: bool = False
    lag: float | None = None
    rto: float | None = None


@dataclass(frozen=True, slots=True)
class RecoveryState:
    """Where the regions of an upstream stand. Seconds are counted, at most a few for each look: see `seconds_since`.

    Attributes:
        upstream: its name.
        at: when this was decided, in seconds since 1970-01-01 UTC.
        phase: of the recovery.
        number: counts the incidents.
        incident: the present one; None while everything is as it should be.
        weight: the share of the traffic that has moved, 0 to 1.
        elapsed: seconds since the phase or the weight changed.
        bad, well: seconds for which the region that is left has been lost, or well, without the opposite in between.
        rested: seconds since traffic began to move last; None where it never has.
        run: the hook that is under way.
        series: counts the hooks that were begun.
        hasty: whether a failback is a flight from a standby that is lost: it waits for no hook.
        why: for people: why it stands where it stands.
    """

    upstream: str
    at: float
    phase: Phase = Phase.SERVING
    number: int = 0
    incident: Incident | None = None
    weight: float = 0.0
    elapsed: float = 0.0
    bad: float = 0.0
    well: float = 0.0
    rested: float | None = None
    run: Run | None = None
    series: int = 0
    hasty: bool = False
    why: str = "nothing has happened yet"

    def to_record(self) -> Record:
        """Returns what JSON can hold."""
        fields = asdict(self) | {"phase": self.phase.value}
        return stamped("recovery", **fields)

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "RecoveryState":
        """Reads `to_record`; raises ValueError where it is something else."""
        fields = opened("recovery", record)
        incident, run = fields["incident"], fields["run"]
        return cls(
            fields["upstream"],
            fields["at"],
            Phase(fields["phase"]),
            fields["number"],
            incident and Incident(**{name: incident[name] for name in Incident.__slots__}),
            fields["weight"],
            fields["elapsed"],
            fields["bad"],
            fields["well"],
            fields["rested"],
            run and Run(run["purpose"], run["series"], run["attempt"], run["waited"]),
            fields["series"],
            fields["hasty"],
            fields["why"],
        )


def admitted(definition: RecoveryDefinition, state: RecoveryState) -> Admission | None:
    """Returns which regions may be asked, for `distributed`; None where all may."""
    incident, shared = state.incident, definition.traits.all_serve
    every = frozenset(definition.regions)
    if incident is None or not state.weight:
        return None if shared else ((1.0, frozenset(definition.regions[:1])),)
    there = every - {incident.away} if shared else frozenset({incident.to})
    here = every if shared else frozenset({incident.away})
    return (1.0 - state.weight, here), (state.weight, there)
