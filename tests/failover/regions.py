"""Regions, their traffic and their clock, driven by hand: what the recovery controller is shown in tests."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from reliakit.core.acting import Actor
from reliakit.failover.events import Event
from reliakit.failover.hooks import Command, Hook, HookResult
from reliakit.failover.recovery.controller import decide
from reliakit.failover.recovery.definition import RecoveryDefinition, Strategy
from reliakit.failover.recovery.observed import Observed, RegionSeen
from reliakit.failover.recovery.orders import Order, Orders, obey
from reliakit.failover.recovery.phases import Phase
from reliakit.failover.recovery.state import RecoveryState, admitted

__all__ = ["ADA", "Region", "World", "lost", "recovery", "reread", "world_of"]

ADA = Actor("person", "ada", "ada", "laptop")


def recovery(strategy=Strategy.WARM_STANDBY, **changes: Any) -> RecoveryDefinition:
    """Returns a definition with short times: eu is primary, us stands by."""
    hook = Hook("scale-up", timeout=20.0, attempts=2)
    prepare = hook if strategy in (Strategy.PILOT_LIGHT, Strategy.BACKUP_RESTORE) else None
    plain = RecoveryDefinition(
        "shop", strategy, ("eu", "us"), rpo=5.0, rto=60.0, detect=5.0, hold=60.0, bake=3.0, deadline=100.0,
        drill=10.0, prepare=prepare,
    )  # fmt: skip
    return replace(plain, **changes)


def reread(state: RecoveryState) -> RecoveryState:
    """Returns the state as the next process reads it from the store."""
    return RecoveryState.from_record(json.loads(json.dumps(state.to_record(), allow_nan=False)))


@dataclass
class Region:
    """What a region really is.

    Attributes:
        up: how many of its ten endpoints are.
        lag: seconds that its data is behind.
        gate: what stands against it beside its endpoints.
        errs: whether it answers with errors, however healthy its endpoints look.
    """

    up: int = 10
    lag: float | None = 2.0
    gate: str = ""
    errs: bool = False


@dataclass
class World:
    """Second by second: clients ask where they are sent, hooks run and end, and every second is decided about.

    Attributes:
        crashes: whether the process dies after every decision: its state comes from the store, and the results of
            hooks from whoever ran them.
        hook: seconds that a hook takes, and whether it succeeds.
        prepared: what a successful `prepare` makes of the standby.
    """

    definition: RecoveryDefinition
    regions: dict[str, Region] = field(default_factory=lambda: {"eu": Region(), "us": Region()})
    crashes: bool = False
    shared: bool = True
    hook: Callable[[Command], tuple[float, bool]] = lambda command: (3.0, True)
    now: float = 1_000_000.0
    rps: int = 20
    events: list[Event] = field(default_factory=list)
    started: dict[str, tuple[float, Command]] = field(default_factory=dict)
    results: dict[str, HookResult] = field(default_factory=dict)
    log: list[tuple[float, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.state = RecoveryState(self.definition.upstream, self.now)

    @property
    def phase(self) -> Phase:
        return self.state.phase

    @property
    def whats(self) -> list[str]:
        """The journal so far, by kinds."""
        return [event.what.value for event in self.events]

    def told(self, what: str) -> Event:
        """The last event of a kind."""
        return next(event for event in reversed(self.events) if event.what.value == what)

    @property
    def rto(self) -> float:
        """The measured RTO of the last incident."""
        found = self.told("restored").facts["rto_seconds"]
        assert isinstance(found, float)
        return found

    def shares(self) -> dict[str, float]:
        """What each region gets of the traffic."""
        every = frozenset(self.definition.regions)
        found = dict.fromkeys(every, 0.0)
        for share, regions in admitted(self.definition, self.state) or ((1.0, every),):
            for region in regions:
                found[region] += share / len(regions)
        return found

    def _seen(self) -> dict[str, RegionSeen]:
        found = {}
        for name, share in self.shares().items():
            region, requests = self.regions[name], round(self.rps * share)
            failed = requests if region.errs or not region.up else 0
            good, at = requests - failed, self.now - 0.5
            found[name] = RegionSeen(
                region.up,
                10,
                good,
                failed,
                at if good else None,
                at if failed else None,
                region.lag,
                region.gate,
            )
        return found

    def observed(self) -> Observed:
        """One look, a second after the one before."""
        for name, (since, command) in self.started.items():
            seconds, good = self.hook(command)
            if name not in self.results and self.now >= since + seconds:
                self.results[name] = HookResult(good, "scaled" if good else "no quota")
                if good and command.verb == "prepare":
                    self.regions[command.target].up = 10
        return Observed(self._seen(), self.results, self.shared)

    def second(self, seconds: float = 1.0) -> "World":
        """One second, and the decision after it."""
        self.now += seconds
        if self.crashes:
            self.state = reread(self.state)
        found = decide(self.definition, self.state, self.observed(), self.now)
        self._take(found.state, list(found.events))
        for command in found.commands:
            self.started.setdefault(command.id, (self.now, command))
        return self

    def _take(self, state: RecoveryState, events: list[Event]) -> None:
        self.state = state
        self.events.extend(events)
        self.log.append((self.now, state.weight))

    def run(self, seconds: int) -> "World":
        for _ in range(seconds):
            self.second()
        return self

    def until(self, phase: Phase, most: int = 500) -> "World":
        """Lets seconds pass until it is there."""
        for _ in range(most):
            if self.phase is phase:
                return self
            self.second()
        raise AssertionError(f"still {self.phase}: {self.state.why}")

    def order(self, verb: Orders, region: str = "") -> list[Event]:
        """Carries out an order of Ada's."""
        found = obey(self.definition, self.state, Order(verb, region), self.observed(), self.now, ADA)
        self._take(found.state, list(found.events))
        return list(found.events)


def world_of(strategy=Strategy.WARM_STANDBY, **changes: Any) -> World:
    """A world that reads its state from the store at every decision; a standby that has to be prepared is empty."""
    world = World(recovery(strategy, **changes), crashes=True)
    if strategy in (Strategy.PILOT_LIGHT, Strategy.BACKUP_RESTORE):
        world.regions["us"].up = 0
    return world


def lost(strategy=Strategy.WARM_STANDBY, **changes: Any) -> World:
    """A world whose primary has just been lost."""
    world = world_of(strategy, **changes).run(3)
    world.regions["eu"].up = 0
    return world
