"""Processes that are replaced one by one, their requests and their clock: what the rolling controller is shown in tests."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from reliakit.core.acting import Actor
from reliakit.failover.events import Event
from reliakit.failover.hooks import Command, Hook, HookResult
from reliakit.failover.rolling.controller import Orders, decide, obey, start
from reliakit.failover.rolling.definition import RollingDefinition
from reliakit.failover.rolling.observed import EndpointSeen, Observed
from reliakit.failover.rolling.phases import Phase
from reliakit.failover.rolling.state import RollingState, emptied

__all__ = ["ADA", "Fleet", "Process", "reread", "rolling"]

ADA = Actor("person", "ada", "ada", "laptop")
_NAMES = tuple(f"http://10.0.0.{number}:8000" for number in range(1, 7))
_SPARES = ("http://10.0.1.1:8000", "http://10.0.1.2:8000")


def rolling(**changes: Any) -> RollingDefinition:
    """Returns a replacement of six endpoints, one at a time, with short times."""
    hooks = {name: Hook(name, timeout=20.0, attempts=2) for name in ("replace", "undo", "stop")}
    plain = RollingDefinition(
        "shop",
        _NAMES,
        hooks["replace"],
        hooks["undo"],
        _SPARES,
        hooks["stop"],
        drain=10.0,
        ready=20.0,
        bake=5.0,
    )
    return replace(plain, **changes)


def reread(state: RollingState) -> RollingState:
    """Returns the state as the next process reads it from the store."""
    return RollingState.from_record(json.loads(json.dumps(state.to_record(), allow_nan=False)))


@dataclass
class Process:
    """What runs at an address.

    Attributes:
        version: 1 before it is replaced and 2 after; 0 where nothing runs.
        ready_at: from when it is.
        requests: when each request in flight ends.
    """

    version: int
    ready_at: float = 0.0
    requests: list[float] = field(default_factory=list)


@dataclass
class Fleet:
    """Second by second: clients ask what is there, hooks run once each, and every second is decided about.

    Attributes:
        crashes: how likely the process dies after writing a decision and before running its commands.
        broken: whether a version starts but never becomes ready.
        fails: whether a run of a hook fails, by its command.
        bad: what the analysis says, by the number of new ones that serve.
        told: whether all workers have said what is in flight.
        lost: requests that were in flight where a process was replaced, or came where nothing was ready.
    """

    definition: RollingDefinition
    seed: int = 0
    crashes: float = 0.0
    rps: int = 8
    broken: Callable[[str, int], bool] = lambda address, version: False
    fails: Callable[[Command], bool] = lambda command: False
    bad: Callable[["Fleet"], str] = lambda fleet: ""
    now: float = 1_000_000.0
    lost: int = 0
    shared: bool = True
    told: bool = True
    events: list[Event] = field(default_factory=list)
    ran: dict[str, tuple[float, Command]] = field(default_factory=dict)
    results: dict[str, HookResult] = field(default_factory=dict)
    least: int = 99

    def __post_init__(self) -> None:
        self.chance = Random(self.seed)
        spares = self.definition.spares
        self.processes = {address: Process(1) for address in self.definition.endpoints} | {
            address: Process(0) for address in spares
        }
        found = start(self.definition, 1, self.now, ADA)
        self.state, self.events = found.state, list(found.events)

    @property
    def whats(self) -> list[str]:
        """The journal so far, by kinds."""
        return [event.what.value for event in self.events]

    @property
    def versions(self) -> list[int]:
        """What runs at the endpoints and then at the spares."""
        return [process.version for process in self.processes.values()]

    def ready(self, address: str) -> bool:
        process = self.processes[address]
        return (
            bool(process.version)
            and self.now >= process.ready_at
            and not self.broken(address, process.version)
        )

    def serving(self) -> list[str]:
        """The addresses that get requests now."""
        out = emptied(self.state)
        return [address for address in self.processes if address not in out and self.ready(address)]

    def _serve(self) -> None:
        serving = self.serving()
        self.least = min(self.least, len(serving))
        for process in self.processes.values():
            process.requests = [end for end in process.requests if end > self.now]
        for number in range(self.rps):
            if not serving:
                self.lost += 1
                continue
            address = serving[number % len(serving)]
            self.processes[address].requests.append(self.now + self.chance.choice((0.5, 1.5, 4.0)))

    def _run_hooks(self) -> None:
        """What hooks do: each ends after two seconds, and whoever is replaced loses its requests in flight."""
        for name, (since, command) in self.ran.items():
            if name in self.results or self.now < since + 2:
                continue
            self.results[name] = HookResult(not self.fails(command), command.verb)
            if not self.fails(command):
                process = self.processes[command.target]
                self.lost += len(process.requests)
                version = {"replace": 2, "undo": 1, "stop": 0}[command.verb]
                self.processes[command.target] = Process(version, self.now + 3)

    def observed(self) -> Observed:
        seen = {
            address: EndpointSeen(self.ready(address), len(process.requests) if self.told else None)
            for address, process in self.processes.items()
        }
        return Observed(seen, self.results, self.bad(self), True, self.shared)

    def second(self, seconds: float = 1.0) -> "Fleet":
        """One second of traffic, and the decision after it."""
        self.now += seconds
        self._serve()
        self._run_hooks()
        if self.crashes:
            self.state = reread(self.state)
        found = decide(self.definition, self.state, self.observed(), self.now)
        self.state = found.state
        self.events.extend(found.events)
        if self.chance.random() >= self.crashes:
            for command in found.commands:
                self.ran.setdefault(command.id, (self.now, command))
        return self

    def until(self, done: Callable[["Fleet"], bool], most: int = 1_500) -> "Fleet":
        """Lets seconds pass until something is so."""
        for _ in range(most):
            if done(self):
                return self
            self.second()
        raise AssertionError(f"still {self.state.phase}: {self.state.why}; {self.state.units}")

    def ended(self) -> "Fleet":
        return self.until(lambda fleet: fleet.state.phase not in (Phase.RUNNING, Phase.PAUSED, Phase.UNDOING))

    def order(self, order: Orders) -> None:
        """Carries out an order of Ada's."""
        found = obey(self.definition, self.state, order, "", self.now, ADA)
        self.state = found.state
        self.events.extend(found.events)
