"""Who shares a store: the workers that report, and the line that says so."""

from dataclasses import dataclass
from typing import Any

from reliakit.cli.moments import span
from reliakit.cli.printing import plural
from reliakit.cli.shared import Shared
from reliakit.runtime.sighting import LIVE, About, about_of
from reliakit.stores.protocol import Scope

__all__ = ["Reporting", "Seen", "reporting"]


@dataclass(frozen=True, slots=True)
class Seen:
    """A worker: what it says of itself, and how many seconds ago it did."""

    name: str
    about: About
    age: float

    @property
    def live(self) -> bool:
        """Whether it has reported lately."""
        return self.age <= LIVE

    @property
    def named(self) -> str:
        """Names it to people."""
        return f"{self.about.pid} on {self.about.host}" if self.about.pid else self.name


@dataclass(frozen=True, slots=True)
class Reporting:
    """Those who share a store.

    Attributes:
        scope: who can share it.
        store: its name.
        now: its clock.
        seen: workers that are not retired, by host and pid.
    """

    scope: Scope
    store: str
    now: float
    seen: tuple[Seen, ...]

    @property
    def live(self) -> tuple[Seen, ...]:
        """Those that have reported lately."""
        return tuple(each for each in self.seen if each.live)

    def behind(self, rollout: str, version: int) -> list[str]:
        """Returns the live workers that know a rollout and have an older state of it in force, as each has until it
        has heard of the newest.
        """
        return [
            each.named
            for each in self.live
            if rollout in each.about.meanings and each.about.states.get(rollout, 0) < version
        ]

    def line(self) -> str:
        """Returns "scope: this host, 4 workers, last report 0.4 s ago"."""
        where = "this host" if self.scope == "host" else f"fleet, {self.store}"
        if not self.live:
            doubt = "on this host, with this file" if self.scope == "host" else "with this store"
            return f"scope: {where}, no worker reports: does the app run {doubt}?"
        hosts = len({each.about.host for each in self.live})
        places = f" on {plural(hosts, 'host')}" if self.scope == "fleet" else ""
        last = span(min(each.age for each in self.live))
        return f"scope: {where}, {plural(len(self.live), 'worker')}{places}, last report {last} ago"

    def report(self) -> dict[str, Any]:
        """Returns the same for programs."""
        return {
            "scope": self.scope,
            "store": self.store,
            "workers": len(self.live),
            "hosts": len({each.about.host for each in self.live}),
            "last_report": min((round(each.age, 3) for each in self.live), default=None),
        }


async def reporting(shared: Shared) -> Reporting:
    """Asks the store who reports; raises StoreError."""
    totals = await shared.store.totals("-")
    seen = [Seen(each.name, about_of(each), max(0.0, totals.time - each.seen)) for each in totals.workers]
    seen.sort(key=lambda each: (each.about.host, each.about.pid, each.name))
    return Reporting(shared.scope, shared.name, totals.time, tuple(seen))
