"""What looks at regions have to be given: the upstreams, and what this process is among the others."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from reliakit.clock import Clock
from reliakit.core.acting import Actor
from reliakit.definitions.recovery_models import RecoverySection
from reliakit.failover.distribution import Admission
from reliakit.failover.records import Record
from reliakit.runtime.remotes.regions import RegionCounts
from reliakit.stores.protocol import Store

__all__ = ["Place", "Regions"]


class Regions(Protocol):
    """An upstream whose regions stand in for each other."""

    def regions(self) -> Mapping[str, RegionCounts] | None:
        """Returns what each region has answered since this was last called; None while too little is known."""

    def admit(self, admission: Admission | None) -> None:
        """Has only these regions be asked from now on; None for all."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where regions are looked at.

    Attributes:
        store: what the workers share.
        sections: tells what is written of regions, by upstream.
        find: finds an upstream by its name.
        worker: names this incarnation.
        myself: it, as the journal has it.
        now: the store's clock, in seconds since 1970-01-01 UTC.
        clock: of the process.
        trouble: tells whether the store is known to be gone.
        notice: has the journal take a record as soon as the store does.
        folder: where the definitions are, and hooks run.
    """

    store: Store
    sections: Callable[[], Mapping[str, RecoverySection]]
    find: Callable[[str], Regions | None]
    worker: Callable[[], str]
    myself: Callable[[], Actor]
    now: Callable[[], float]
    clock: Clock
    trouble: Callable[[], bool]
    notice: Callable[[Record], None]
    folder: Path
