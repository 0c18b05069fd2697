"""Where a replacement stands: small, plain, and shared, so that whoever comes after a crash goes on with it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from reliakit.failover.hooks import Run
from reliakit.failover.records import Record, opened, stamped
from reliakit.failover.rolling.definition import RollingDefinition
from reliakit.failover.rolling.phases import ACTIVE, OUT, Phase, Step

__all__ = ["RollingState", "Unit", "emptied"]


@dataclass(frozen=True, slots=True)
class Unit:
    """One endpoint of a replacement.

    Attributes:
        address: of it.
        spare: whether it is there for the time of the replacement only.
        step: where it stands.
        order: when it was begun: 1 for the first; 0 before.
        elapsed: seconds in this step.
        run: the hook that is under way.
        series: counts the hooks that were begun.
    """

    address: str
    spare: bool = False
    step: Step = Step.OLD
    order: int = 0
    elapsed: float = 0.0
    run: Run | None = None
    series: int = 0

    @property
    def busy(self) -> bool:
        """Whether it is on its way from one to the other."""
        return self.step not in (Step.OLD, Step.NEW)

    @property
    def present(self) -> bool:
        """Whether it is meant to get requests."""
        return self.step not in OUT and not (self.spare and self.step is Step.OLD)


@dataclass(frozen=True, slots=True)
class RollingState:
    """Where a replacement stands.

    Attributes:
        upstream: its name.
        at: when this was decided, in seconds since 1970-01-01 UTC.
        number: counts the replacements of an upstream.
        phase: of this one.
        units: spares first, then endpoints, each as the definition had them when it began.
        why: for people: why it stands where it stands.
        version: what people call the new ones; empty where nobody has said.
        former: what they call the old ones.
    """

    upstream: str
    at: float
    number: int
    phase: Phase
    units: tuple[Unit, ...]
    why: str
    version: str = ""
    former: str = ""

    @classmethod
    def begun(
        cls,
        definition: RollingDefinition,
        number: int,
        now: float,
        why: str,
        version: str = "",
        former: str = "",
    ) -> "RollingState":
        """Returns the state of a replacement that begins now."""
        spares = (Unit(address, spare=True) for address in definition.surge)
        units = (*spares, *map(Unit, definition.endpoints))
        return cls(definition.upstream, now, number, Phase.RUNNING, units, why, version, former)

    @property
    def active(self) -> bool:
        """Whether it is under way."""
        return self.phase in ACTIVE

    @property
    def present_version(self) -> str:
        """What people call what runs at the endpoints once it is over."""
        return self.version if self.phase is Phase.SUCCESSFUL else self.former

    def unit(self, address: str) -> Unit:
        """Returns the unit of an address."""
        return next(each for each in self.units if each.address == address)

    def with_unit(self, unit: Unit) -> "RollingState":
        """Returns the state with a unit changed."""
        return replace(
            self, units=tuple(unit if each.address == unit.address else each for each in self.units)
        )

    def to_record(self) -> Record:
        """Returns what JSON can hold."""
        units = [asdict(unit) | {"step": unit.step.value} for unit in self.units]
        return stamped(
            "rolling",
            upstream=self.upstream,
            at=self.at,
            number=self.number,
            phase=self.phase.value,
            units=units,
            why=self.why,
            release=self.version,
            former=self.former,
        )

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "RollingState":
        """Reads `to_record`; raises ValueError where it is something else."""
        fields = opened("rolling", record)
        return cls(
            fields["upstream"],
            fields["at"],
            fields["number"],
            Phase(fields["phase"]),
            tuple(map(_unit, fields["units"])),
            fields["why"],
            record.get("release", ""),
            record.get("former", ""),
        )


def _unit(fields: Mapping[str, Any]) -> Unit:
    run = fields["run"]
    return Unit(
        fields["address"],
        fields["spare"],
        Step(fields["step"]),
        fields["order"],
        fields["elapsed"],
        run and Run(run["purpose"], run["series"], run["attempt"], run["waited"]),
        fields["series"],
    )


def emptied(state: RollingState) -> frozenset[str]:
    """Returns the addresses that get no requests: they drain, are being replaced, or have still to become ready."""
    return frozenset(unit.address for unit in state.units if not unit.present)
