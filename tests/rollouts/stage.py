"""A rollout, its traffic and its clock, driven by hand: what the controller is shown in tests."""

import json
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from math import exp
from typing import Any

from reliakit.core.outcome import Outcome
from reliakit.rollouts.bursts import BITS, window_of
from reliakit.rollouts.controller import decide
from reliakit.rollouts.definition import RolloutDefinition, Step, Strategy, Target
from reliakit.rollouts.events import Actor, Event
from reliakit.rollouts.evidence import Evidence
from reliakit.rollouts.observed import Observed
from reliakit.rollouts.orders import Order, Orders, obey
from reliakit.rollouts.phases import Phase
from reliakit.rollouts.served import Place, Served
from reliakit.rollouts.state import RolloutState

__all__ = ["ADA", "LADDER", "READY", "Stage", "bits_of", "canary", "reread"]

ADA = Actor("person", "ada", "ada", "laptop")
READY = frozenset({"blue", "green"})
LADDER = tuple(Step(weight) for weight in (5, 10, 20, 40, 80))


def canary(**changes: Any) -> RolloutDefinition:
    """Returns a canary over the usual ladder that asks for version 2 in green."""
    plain = RolloutDefinition(
        "shop",
        ("blue", "green"),
        "blue",
        Strategy.CANARY,
        LADDER,
        release=Target("green", "2"),
        fingerprint="f1",
    )
    return replace(plain, **changes)


def bits_of(keys: int) -> int:
    """Returns how many bits of an incident bitmap so many failed keys set."""
    return round(BITS * (1 - exp(-keys / BITS)))


def reread(state: RolloutState) -> RolloutState:
    """Returns the state as the next worker reads it from the store."""
    evidence = None if state.evidence is None else _through_json(state.evidence.to_record())
    return RolloutState.from_record(_through_json(state.to_record()), evidence)


def _through_json(record: dict[str, Any]) -> Any:
    return json.loads(json.dumps(record, allow_nan=False))


@dataclass
class Stage:
    """What happens to one rollout, second by second.

    Attributes:
        definition: what it is to do.
        base, times: stable's error rate, and the canary's as a multiple of it.
        client_errors: the share of client errors of stable and canary.
        rps: requests a second.
        previews: forced requests to the canary a second.
        localities: where both slots run.
        stored: whether every second goes through the store and back.
    """

    definition: RolloutDefinition
    seed: int = 0
    base: float = 0.005
    times: float = 1.0
    client_errors: tuple[float, float] = (0.0, 0.0)
    rps: int = 400
    previews: int = 0
    localities: Sequence[str] = ("",)
    look: dict[str, Any] = field(default_factory=dict)
    stored: bool = False
    now: float = 1_000_000.0
    events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.state = RolloutState.begun(self.definition)
        self.chance = random.Random(self.seed)
        self.reset()

    def reset(self) -> None:
        """Starts counts anew, as a new release does."""
        self.counts: dict[Place, list[int]] = defaultdict(lambda: [0] * len(Outcome))
        self.failed: dict[tuple[str, str, int], list[int]] = defaultdict(lambda: [0, 0])

    @property
    def whats(self) -> list[str]:
        """The journal so far, by kinds."""
        return [event.what.value for event in self.events]

    @property
    def last(self) -> Event:
        return self.events[-1]

    @property
    def evidence(self) -> Evidence:
        assert self.state.evidence is not None
        return self.state.evidence

    def release(self) -> str:
        return self.state.canary(self.definition)

    def serve(self, requests: int | None = None) -> None:
        """Serves one second of requests at the present weight."""
        canary, chance = self.release(), self.chance
        for locality in self.localities:
            total = self.rps if requests is None else requests
            n_c = self._some(total, self.state.share / 100)
            self._serve(canary, "split", locality, n_c)
            self._serve(self.definition.other(canary), "split", locality, total - n_c)
        if self.previews:
            self._serve(canary, "forced", chance.choice(self.localities), self.previews)

    def _some(self, requests: int, share: float) -> int:
        return (
            sum(self.chance.random() < share for _ in range(requests))
            if 0 < share < 1
            else round(requests * share)
        )

    def _serve(self, slot: str, assignment: str, locality: str, requests: int) -> None:
        is_canary = slot == self.release()
        errors = self._some(requests, min(1.0, self.base * (self.times if is_canary else 1.0)))
        clients = self._some(requests - errors, self.client_errors[is_canary])
        self.put(slot, locality, requests - errors - clients, errors, clients, assignment)

    def put(
        self,
        slot: str,
        locality: str = "",
        fine: int = 0,
        errors: int = 0,
        clients: int = 0,
        assignment: str = "split",
    ) -> None:
        """Serves these requests, each by a client of its own."""
        row = self.counts[slot, assignment, locality]
        for outcome, count in zip(
            (Outcome.SUCCESS, Outcome.ERROR, Outcome.CLIENT_ERROR), (fine, errors, clients), strict=True
        ):
            row[outcome] += count
        if assignment == "split":
            for what, count in (("errors", errors), ("client_errors", clients)):
                if count:
                    self.failed[what, locality, window_of(self.now)][slot != self.release()] += count

    def observed(self) -> Observed:
        """What the controller sees now; the store remembers two windows."""
        served = {place: Served(tuple(row)) for place, row in self.counts.items()}
        newest = window_of(self.now) - 1
        incidents = {
            key: (bits_of(keys[0]), bits_of(keys[1])) for key, keys in self.failed.items() if key[2] >= newest
        }
        return replace(Observed(served, incidents, READY), **self.look)

    def decide(self, seconds: float = 1.0, **look: Any) -> list[Event]:
        """Lets time pass and decides; `look` overrides what is seen, this time only."""
        self.now += seconds
        if self.stored:
            self.state = reread(self.state)
        found = decide(self.definition, self.state, replace(self.observed(), **look), self.now)
        if found.state.number != self.state.number:
            self.reset()
        self.state = found.state
        self.events.extend(found.events)
        return list(found.events)

    def second(self) -> list[Event]:
        """One second of traffic, and the decision after it."""
        self.serve()
        return self.decide()

    def run(self, until: Callable[["Stage"], bool], most: int = 20_000) -> "Stage":
        """Lets seconds pass until something is so."""
        for _ in range(most):
            if until(self):
                return self
            self.second()
        raise AssertionError(f"still {self.state.phase} at {self.state.weight} %: {self.state.why}")

    def ended(self) -> "Stage":
        """Runs until the release has succeeded or failed."""
        return self.run(lambda stage: stage.state.phase in (Phase.SUCCESSFUL, Phase.FAILED))

    def running(self) -> "Stage":
        return self.run(lambda stage: stage.state.phase is Phase.RUNNING)

    def order(self, verb: Orders, **details: Any) -> list[Event]:
        """Carries out an order of Ada's."""
        found = obey(self.definition, self.state, Order(verb, **details), self.now, ADA)
        if found.state.number != self.state.number:
            self.reset()
        self.state = found.state
        self.events.extend(found.events)
        return list(found.events)

    def edit(self, **changes: Any) -> None:
        """Edits the definition; its fingerprint with it."""
        fingerprint = changes.pop("fingerprint", f"{self.definition.fingerprint}+")
        self.definition = replace(self.definition, fingerprint=fingerprint, **changes)
