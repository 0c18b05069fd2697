"""What may happen to a rollout, at random, and the traffic of millions of requests."""

import random
from collections import Counter
from dataclasses import replace

from reliakit.rollouts.controller import Decided, decide
from reliakit.rollouts.definition import (
    AnalysisRules,
    Better,
    ErrorRules,
    Gate,
    GuardRule,
    LatencyRules,
    MetricRules,
    RolloutDefinition,
    Step,
)
from reliakit.rollouts.errors import RollbackRule
from reliakit.rollouts.guards import Guard, slower_than
from reliakit.rollouts.latency import LatencyRule
from reliakit.rollouts.latency_promotion import LatencyPromotionRule
from reliakit.rollouts.observed import GateAnswer, Observed, Outside
from reliakit.rollouts.orders import Order, Orders, obey
from reliakit.rollouts.promotion import PromotionRule
from reliakit.rollouts.ratio_rule import RatioRule
from reliakit.rollouts.served import Place, Served
from reliakit.rollouts.state import RolloutState
from tests.rollouts.stage import ADA, LADDER, READY, canary

__all__ = ["DEFINITIONS", "RICH", "Fate", "happened", "rich_traffic"]

RICH = AnalysisRules(
    errors=ErrorRules(RollbackRule(tolerate=1.4, floor=0.001), PromotionRule(tolerate=1.42)),
    latency=LatencyRules(LatencyRule(0.2), LatencyPromotionRule(0.5, 0.2)),
    metrics=tuple(MetricRules(name, Better.HIGHER, ErrorRules()) for name in ("order", "search", "signup")),
    guards=(
        GuardRule("errors", Guard(0.5, 120.0)),
        GuardRule("latency", slower_than(0.99, 120.0), 30.0),
        GuardRule("outside:disk", Guard(0.5, 60.0, 5)),
    ),
)
"""Everything that can be judged at once."""

_GATES = (
    Step(5, bake=3.0),
    Step(20, gate=Gate.MANUAL),
    Step(20, gate=Gate.WEBHOOK),
    Step(50, pause=4.0, requests=50),
)
_PLAIN = (
    canary(deadline=6.0, rollback_window=10.0),
    canary(steps=_GATES, analysis=RICH, sticky=False, deadline=60.0, fingerprint="f2"),
    canary(steps=(Step(0), Step(100)), analysis=AnalysisRules(guards=RICH.guards[:1]), fingerprint="f3"),
    canary(
        steps=LADDER[2:], analysis=AnalysisRules(ratio=RatioRule(200), client_errors=None), fingerprint="f4"
    ),
    canary(analysis=replace(RICH, dry_run=True), fingerprint="f5"),
    canary(slots=("one", "two"), initial="two", release=None, fingerprint="f6"),
)
DEFINITIONS: tuple[RolloutDefinition, ...] = (
    *_PLAIN,
    *(replace(each, release=None) for each in _PLAIN[:2]),
    *(
        replace(each, release=replace(each.release, slot="blue", version="3"))
        for each in _PLAIN[:2]
        if each.release
    ),
)
"""Of every kind, as somebody might edit one into the other."""


class Fate:
    """Whatever may happen to a rollout next, seeded: what is seen, what is ordered, and under which definition.

    What was served adds up within a release, but for an old reading now and then, or a store that has lost it all.
    """

    def __init__(self, seed: int) -> None:
        self.now, self._chance = 1_000.0, random.Random(seed)
        self._number, self._total, self._edited = 0, dict[Place, Served](), 0

    def next(self, state: RolloutState) -> tuple[RolloutDefinition, Order | Observed]:
        """Lets some time pass and returns what happens then."""
        chance = self._chance
        self.now += chance.choice((1.0, 1.0, 3.0, 6.0, 0.1, -3.0))
        if chance.random() < 0.1:
            self._edited = chance.randrange(len(DEFINITIONS))
        act = self._order() if chance.random() < 0.15 else self._look(state)
        return DEFINITIONS[self._edited], act

    def _order(self) -> Order:
        chance = self._chance
        slot, full = chance.choice(("blue", "green", "two")), chance.random() < 0.2
        return Order(chance.choice(list(Orders)), slot, chance.choice("23"), full=full)

    def _look(self, state: RolloutState) -> Observed:
        chance = self._chance
        old = dict(self._total)
        self._serve(state)
        served = {} if chance.random() < 0.02 else old if chance.random() < 0.1 else dict(self._total)
        window = int(self.now // 60)
        incidents = {
            (what, where, window): (chance.choice((0, 1, 40, 5_000)), chance.choice((0, 3, 200)))
            for what in ("errors", "client_errors")
            for where in ("", "b")
            if chance.random() < 0.3
        }
        return Observed(
            served,
            incidents,
            chance.choice((READY | {"one", "two"}, READY, READY, frozenset({"blue"}))),
            chance.random() < 0.8,
            {each.meaning: chance.choice((0.0, 20.0, 50.0)) for each in chance.sample(DEFINITIONS, 2)},
            chance.choice((None, None, 0.5, -0.5)),
            chance.choice((None, GateAnswer(state.number, state.step, chance.random() < 0.7))),
            tuple(Outside("disk", chance.random() < 0.8, "x") for _ in range(chance.randrange(3))),
        )

    def _serve(self, state: RolloutState) -> None:
        if state.number != self._number:
            self._number, self._total = state.number, {}
        chance, bad = self._chance, self._chance.choice((0, 0, 2, 300))
        for slot in ("blue", "green", "one"):
            for place in ((slot, "split", ""), (slot, "split", "b"), (slot, "forced", "")):
                if chance.random() < 0.5:
                    self._total[place] = _plus(self._total.get(place, Served()), self._more(bad))

    def _more(self, bad: int) -> Served:
        chance = self._chance
        fine, errors, clients = (
            chance.choice((0, 3, 90, 2_000)),
            chance.randint(0, bad),
            chance.randint(0, bad),
        )
        bins = {chance.randint(200, 300): fine + errors + clients} if fine else {}
        return Served((fine, errors, clients, 1, 1), bins, {"order": fine // 2})


def happened(
    definition: RolloutDefinition, state: RolloutState, act: Order | Observed, now: float
) -> Decided:
    """Returns what follows; raises Refused as `obey` does."""
    return (
        obey(definition, state, act, now, ADA)
        if isinstance(act, Order)
        else decide(definition, state, act, now)
    )


def _plus(one: Served, other: Served) -> Served:
    outcomes = tuple(map(sum, zip(one.outcomes, other.outcomes, strict=True)))
    return Served(
        outcomes, Counter(one.bins) + Counter(other.bins), Counter(one.metrics) + Counter(other.metrics)
    )


def rich_traffic(seed: int, folds: int, requests: int) -> list[dict[Place, Served]]:
    """Returns cumulative counts of both slots in two localities, with durations and business metrics."""
    chance, seen = random.Random(seed), []
    places: list[Place] = [(slot, "split", where) for slot in ("blue", "green") for where in ("eu-a", "eu-b")]
    totals = {place: ([0] * 5, dict[int, int](), {"order": 0, "search": 0, "signup": 0}) for place in places}
    for _ in range(folds):
        for place in places:
            outcomes, bins, metrics = totals[place]
            served = requests // (8 if place[0] == "green" else 3)
            errors = sum(chance.random() < 0.002 for _ in range(min(served, 500)))
            for index, count in enumerate((served - 2 * errors, errors, errors, 1, 1)):
                outcomes[index] += count
            for number in chance.choices(range(150, 420), k=40):
                bins[number] = bins.get(number, 0) + served // 40
            for name, share in (("order", 5), ("search", 2), ("signup", 50)):
                metrics[name] += served // share
        seen.append(
            {place: Served(tuple(row), dict(bins), dict(more)) for place, (row, bins, more) in totals.items()}
        )
    return seen
