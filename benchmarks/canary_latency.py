"""How soon a slower canary is noticed, and what a fold costs."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import erf, inf, log, sqrt
from statistics import median

from benchmarks.rounds import interleaved
from benchmarks.table import Table
from reliakit.core.histogram import LOG_EDGES
from reliakit.rollouts.blocks import Block
from reliakit.rollouts.controller import decide
from reliakit.rollouts.definition import (
    AnalysisRules,
    Better,
    ErrorRules,
    GuardRule,
    LatencyRules,
    MetricRules,
    RolloutDefinition,
    Step,
    Strategy,
    Target,
)
from reliakit.rollouts.durations import LAST, Durations
from reliakit.rollouts.errors import Rollback, RollbackRule
from reliakit.rollouts.guards import Guard
from reliakit.rollouts.latency import Latency, LatencyRule
from reliakit.rollouts.latency_promotion import LatencyPromotion, LatencyPromotionRule
from reliakit.rollouts.observed import Observed
from reliakit.rollouts.promotion import Promotion, PromotionRule
from reliakit.rollouts.ratio import RatioEvidence
from reliakit.rollouts.served import Served
from reliakit.rollouts.state import RolloutState

__all__ = ["fold_cost", "latency_table"]

_MU, _SIGMA = -3.0, 0.6
_PER_BLOCK, _CANARY = 1_000, 50


@dataclass(frozen=True, slots=True)
class _Slower:
    """A canary that is `times` slower, of which a share `tail` takes a second more; watched for so many requests."""

    name: str
    seen_while_designing: str
    times: float = 1.0
    tail: float = 0.0
    most: int = 400_000


_CANARIES = (
    _Slower("as fast (false alarms within 100k)", "alpha 1 %", most=100_000),
    _Slower("x1.05", "42k", 1.05),
    _Slower("x1.1", "11.5k", 1.1),
    _Slower("x1.25", "2.4k", 1.25),
    _Slower("+1 s on 2 % of requests", "10k", tail=0.02),
)


def latency_table(smoke: bool) -> Table:
    """Simulates log-normal durations at 5 % canary until the test is sure."""
    runs = 2 if smoke else 300
    rows = tuple(_row(canary, runs) for canary in _CANARIES)
    notes = (
        f"{runs} seeded releases for each line at 5 % canary, alpha 0.01, blocks of {_PER_BLOCK:,} requests.",
        "The first 2,000 stable requests are the yardstick, and are counted too.",
        f"Durations are log-normal, sigma {_SIGMA}. The design's figures come from a distribution of its own.",
    )
    header = ("canary", "noticed", "median requests", "while designing")
    return Table("Requests until a slower canary is noticed", header, rows, notes)


def _row(canary: _Slower, runs: int) -> tuple[str, ...]:
    found = [_noticed(canary, random.Random(seed)) for seed in range(runs)]
    share = sum(requests is not None for requests in found) / runs
    middle = median(inf if requests is None else requests for requests in found)
    shown = "-" if middle == inf else f"{middle / 1000:,.0f}k"
    return canary.name, f"{share:.1%}", shown, canary.seen_while_designing


def _noticed(canary: _Slower, chance: random.Random) -> int | None:
    fast, slow = _distribution(1.0, 0.0), _distribution(canary.times, canary.tail)
    test = Latency.begun(LatencyRule())
    for requests in range(_PER_BLOCK, canary.most + 1, _PER_BLOCK):
        test = test.folded(
            Durations(_drawn(chance, slow, _CANARY), _drawn(chance, fast, _PER_BLOCK - _CANARY))
        )
        if test.reached:
            return requests
    return None


def _drawn(chance: random.Random, cumulative: Sequence[float], count: int) -> Counter[int]:
    return Counter(chance.choices(range(LAST + 1), cum_weights=cumulative, k=count))


def _distribution(times: float, tail: float) -> list[float]:
    """The share of durations up to each bin's upper edge."""
    plain = [_below(edge, times) for edge in LOG_EDGES]
    late = [_below(edge - 1, times) if edge > 1 else 0.0 for edge in LOG_EDGES]
    mixed = [(1 - tail) * one + tail * other for one, other in zip(plain, late, strict=True)]
    return list(accumulate([*mixed, 1.0], max))


def _below(seconds: float, times: float) -> float:
    return 0.5 * (1 + erf((log(seconds / times) - _MU) / (_SIGMA * sqrt(2))))


_EVERYTHING = AnalysisRules(
    latency=LatencyRules(LatencyRule(0.2), LatencyPromotionRule(0.5, 0.2)),
    metrics=tuple(MetricRules(name, Better.HIGHER, ErrorRules()) for name in ("order", "search", "signup")),
    guards=(GuardRule("errors", Guard(0.5, 60.0)), GuardRule("latency", Guard(0.5, 60.0), 1.0)),
)


def _controller(rules: AnalysisRules, busy: bool) -> Callable[[int], None]:
    """Returns calls that decide again and again about one state, a tenth of a million requests into its release."""
    target, steps = Target("green", "2"), (Step(5, bake=1e9),)
    definition = RolloutDefinition(
        "shop", ("blue", "green"), "blue", Strategy.CANARY, steps, rules, release=target
    )
    state, now = decide(definition, RolloutState.begun(definition), Observed(), 0.0).state, 0.0
    chance, fast = random.Random(2), _distribution(1.0, 0.0)
    bins: dict[str, Counter[int]] = {"blue": Counter(), "green": Counter()}
    for _ in range(100):
        before = state
        for slot, count in (("green", _CANARY), ("blue", _PER_BLOCK - _CANARY)):
            bins[slot].update(_drawn(chance, fast, count))
        now += 1.0
        served = {(slot, "split", ""): _served(each) for slot, each in bins.items()}
        look = Observed(served, {("errors", "", 0): _failed(bins)}, _SLOTS)
        state = decide(definition, state, look, now).state

    def decided(calls: int) -> None:
        for _ in range(calls):
            decide(definition, before if busy else state, look, now)

    return decided


_SLOTS = frozenset({"blue", "green"})


def _failed(bins: dict[str, Counter[int]]) -> tuple[int, int]:
    return bins["green"].total() // 200, bins["blue"].total() // 200


def _served(bins: Counter[int]) -> Served:
    requests = bins.total()
    errors = requests // 200
    metrics = {"order": requests // 5, "search": requests // 2, "signup": requests // 50}
    return Served((requests - errors, errors, 0, 0, 0), dict(bins), metrics)


def fold_cost(smoke: bool) -> Table:
    """Times one fold of everything that judges a release, the comparison with its limit included."""
    chance, fast = random.Random(1), _distribution(1.0, 0.0)
    blocks = [Durations(_drawn(chance, fast, _CANARY), _drawn(chance, fast, 950)) for _ in range(20)]
    latency = Latency.begun(LatencyRule(0.2))
    for block in blocks:
        latency = latency.folded(block)
    step = LatencyPromotion(LatencyPromotionRule(0.5, 0.2))
    rollback, promotion = Rollback.begun(RollbackRule()), Promotion(PromotionRule())
    counts = Block(_CANARY, 950, 1, 4)

    def errors(calls: int) -> None:
        for _ in range(calls):
            _ = (
                rollback.folded(counts).reached,
                promotion.folded(counts).reached,
                RatioEvidence().folded(counts),
            )

    def durations(calls: int) -> None:
        for _ in range(calls):
            _ = latency.folded(blocks[0]).reached, step.folded(latency.baseline, blocks[0]).reached

    idle, all_judged = _controller(AnalysisRules(), False), _controller(_EVERYTHING, True)
    subjects = {
        "errors": errors,
        "durations": durations,
        "decide, nothing new": idle,
        "decide, all of it": all_judged,
    }
    found = interleaved(subjects, 1 if smoke else 5, 0.02 if smoke else 0.3)
    rows = tuple((name, f"{timings.median:.0f} us") for name, timings in found.items())
    notes = (
        "Rollback, promotion and the evidence for the interval; 1,000 requests in a block. The budget is 1 ms.",
        "All of it: one decision about errors, client errors, durations, three business metrics and two guards.",
    )
    return Table("What a fold costs", ("metric", "per fold"), rows, notes)
