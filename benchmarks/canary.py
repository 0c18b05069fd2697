"""How releases end under simulated traffic: `python -m benchmarks.canary [--smoke]`.

The same traffic goes to the tests of `reliakit.rollouts`, which look after every block, and to the rule of the
tutorials, which looks once in each step. Everything is seeded: the same command prints the same table.
"""

import argparse
import random
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Protocol

from benchmarks.canary_latency import fold_cost, latency_table
from benchmarks.canary_traffic import LADDER, Scenario, Traffic
from benchmarks.table import Table
from reliakit.rollouts.blocks import Block
from reliakit.rollouts.errors import Rollback, RollbackRule
from reliakit.rollouts.promotion import Promotion, PromotionRule
from reliakit.rollouts.ratio_rule import Decision, RatioRule, RatioStep

__all__ = ["SCENARIOS", "ends", "run", "sequential", "share", "teaching"]

STEP_LIMIT = 600_000
"""Requests, after which a step that nothing has decided is inconclusive."""


def _tenfold(requests: int) -> float:
    return 1.0 if requests < 20_000 else 10.0


def _outage(requests: int) -> float:
    return 60.0 if 30_000 <= requests < 50_000 else 1.0


def _everything_fails(requests: int) -> float:
    return 0.3 if 10_000 <= requests < 20_000 else 0.0


SCENARIOS = (
    Scenario("healthy, base 0.1 %", "rolled back <= 1 %", 0.001),
    Scenario("healthy, base 0.5 %", "rolled back <= 1 %", 0.005),
    Scenario("healthy, base 2 %", "rolled back <= 1 %", 0.02),
    Scenario("healthy, base rises tenfold", "rolled back <= 1 %", 0.005, drift=_tenfold),
    Scenario("healthy, really 7 % at nominal 5 %", "rolled back <= 1 %", 0.005, share=1.4, ladder=(0.05,)),
    Scenario("healthy, an outage hits both (30 %)", "rolled back <= 1 %", 0.005, drift=_outage),
    Scenario("healthy, bursts of 3, one worker", "rolled back <= 1 %", 0.005, burst=3.0),
    Scenario("healthy, bursts of 3, eight workers", "rolled back <= 1 %", 0.005, burst=3.0, workers=8),
    Scenario("the same, each worker alone", "", 0.005, burst=3.0, workers=8, deduplicated="alone"),
    Scenario("the same, not deduplicated", "", 0.005, burst=3.0, workers=8, deduplicated="no"),
    Scenario("2x worse, base 0.5 %", "rolled back >= 99 %", 0.005, 2.0),
    Scenario("50x worse, base 0.1 %", "failed <= 15 in the median", 0.001, 50.0, size=40),
    Scenario("50x worse, base 0.5 %", "failed <= 15 in the median", 0.005, 50.0, size=40),
    Scenario("50x worse, base 2 %", "failed <= 15 in the median", 0.02, 50.0, size=40),
    Scenario("2x worse, base 0.5 %, first step, no rollback", "promoted <= 5 %", 0.005, 2.0, ladder=(0.05,), rolls_back=False),
    Scenario("2x worse, base 2 %, first step, no rollback", "promoted <= 5 %", 0.02, 2.0, ladder=(0.05,), rolls_back=False),
    Scenario("3x worse, base 0.5 %, an outage of both (30 %)", "promoted <= 5 %", 0.005, 3.0, outage=_everything_fails, ladder=(0.05,), rolls_back=False),
    Scenario("never any error", "promoted 100 %", 0.0),
)  # fmt: skip


class Judge(Protocol):
    """What decides about a release."""

    def judged(self, block: Block) -> Decision:
        """Folds a block, and decides."""

    def stepped(self) -> None:
        """Notes that the weight has changed."""


class _Sequential:
    def __init__(self, rolls_back: bool) -> None:
        self._rollback = Rollback.begun(RollbackRule()) if rolls_back else None
        self._promotion = Promotion(PromotionRule())

    def judged(self, block: Block) -> Decision:
        self._promotion = self._promotion.folded(block)
        if self._rollback is not None:
            self._rollback = self._rollback.folded(block)
            # Without a failed canary request in the block, E can't have risen.
            if block.e_c and self._rollback.reached:
                return Decision.ROLL_BACK
        return Decision.PROMOTE if self._promotion.reached else Decision.WAIT

    def stepped(self) -> None:
        self._promotion = self._promotion.restarted()
        self._rollback = self._rollback and self._rollback.restarted()


class _Teaching:
    def __init__(self) -> None:
        self._step = RatioStep()

    def judged(self, block: Block) -> Decision:
        self._step = self._step.folded(block)
        return self._step.decided(RatioRule())

    def stepped(self) -> None:
        self._step = RatioStep()


def sequential(scenario: Scenario) -> Judge:
    """Returns the tests of `reliakit.rollouts`, with their defaults."""
    return _Sequential(scenario.rolls_back)


def teaching(scenario: Scenario) -> Judge:
    """Returns the rule of the tutorials."""
    return _Teaching()


@dataclass(frozen=True, slots=True)
class End:
    """How a release ended, and what it cost: failed canary requests, and requests altogether."""

    decision: Decision
    failed: int
    requests: int


def released(scenario: Scenario, judge: Judge, seed: int) -> End:
    """Simulates one release. WAIT as its end means that a step was inconclusive."""
    traffic = Traffic(scenario, random.Random(seed))
    for weight in scenario.ladder:
        decision = _step(traffic, weight, judge)
        if decision is not Decision.PROMOTE:
            return End(decision, traffic.failed, traffic.requests)
        judge.stepped()
    return End(Decision.PROMOTE, traffic.failed, traffic.requests)


def _step(traffic: Traffic, weight: float, judge: Judge) -> Decision:
    end = traffic.requests + STEP_LIMIT
    while traffic.requests < end:
        decision = judge.judged(traffic.block(weight))
        if decision is not Decision.WAIT:
            return decision
    return Decision.WAIT


def ends(scenario: Scenario, rule: Callable[[Scenario], Judge], runs: int) -> list[End]:
    """Simulates so many releases; run i has seed i."""
    return [released(scenario, rule(scenario), seed) for seed in range(runs)]


def share(found: list[End], decision: Decision) -> float:
    """Returns the share of releases that ended so."""
    return sum(end.decision is decision for end in found) / len(found)


def _row(scenario: Scenario, runs: int) -> tuple[str, ...]:
    ours, theirs = ends(scenario, sequential, runs), ends(scenario, teaching, runs)
    return (
        scenario.name,
        scenario.target,
        *(
            f"{share(ours, decision):.2%}"
            for decision in (Decision.ROLL_BACK, Decision.PROMOTE, Decision.WAIT)
        ),
        f"{median(end.failed for end in ours):.0f}",
        f"{median(end.requests for end in ours) / 1000:,.0f}k",
        f"{share(theirs, Decision.ROLL_BACK):.1%}",
        f"{median(end.failed for end in theirs):.0f}",
    )


_HEADER = (
    "scenario", "target", "rolled back", "promoted", "inconclusive", "failed", "requests", "tutorial: rolled back",
    "failed",
)  # fmt: skip


def run(smoke: bool) -> list[Table]:
    """Simulates every scenario; `smoke` means a few runs of each."""
    runs = 5 if smoke else 2_000
    rows = tuple(_row(scenario, runs) for scenario in SCENARIOS)
    notes = (
        f"{runs} seeded releases for each line, over {'-'.join(f'{weight:.0%}' for weight in LADDER)} unless said.",
        "The tests look after every block (400 requests; 40 where the canary is 50 times worse).",
        "failed: canary requests that failed until the end, in the median; requests: of both slots, in the median.",
        "With bursts, `failed` counts first attempts.",
    )
    return [Table("How releases end", _HEADER, rows, notes), latency_table(smoke), fold_cost(smoke)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.canary", description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="few runs: does it work at all?")
    for table in run(parser.parse_args().smoke):
        print(f"{table.markdown()}\n", flush=True)
