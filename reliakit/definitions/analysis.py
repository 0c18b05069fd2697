"""From the section `analysis` to the rules that judge a release.

Whatever the rules themselves would refuse is told in the words of the section, and where it stands.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import ceil

from reliakit.core.histogram import GAMMA
from reliakit.definitions.analysis_models import (
    AnalysisSection,
    ErrorSection,
    LatencySection,
    MetricSection,
    RatioSection,
)
from reliakit.definitions.guards import GuardReader
from reliakit.definitions.problems import Path, Problem
from reliakit.definitions.quantities import percent_text, ratio, seconds, share
from reliakit.definitions.rollout_models import StepErrorSection
from reliakit.rollouts.definition import (
    AnalysisRules,
    Better,
    ErrorRules,
    GuardRule,
    LatencyRules,
    MetricRules,
)
from reliakit.rollouts.durations import bins_at_least, bins_at_most
from reliakit.rollouts.errors import MOST_TOLERATED, RollbackRule
from reliakit.rollouts.guards import OUTSIDE, Guard
from reliakit.rollouts.latency import LatencyRule
from reliakit.rollouts.latency_promotion import LatencyPromotionRule
from reliakit.rollouts.lattice import RATIOS, snapped_down, snapped_up
from reliakit.rollouts.promotion import PromotionRule
from reliakit.rollouts.ratio_rule import RatioRule

__all__ = ["AnalysisReader"]

_ALPHA = 0.01
_FLOOR = 0.005
_LEAST_MARGIN = 2.0
_OVER_TOLERATED = 2**0.5
_SLOWER = 1.25
_RESERVED = ("errors", "error_rate", "client_errors", "latency")


@dataclass(slots=True)
class AnalysisReader:
    """Turns one section into rules, and collects what is wrong with it; what is wrong is read as its default."""

    section: AnalysisSection
    path: Path
    problems: list[Problem] = field(default_factory=list)

    def rules(self) -> AnalysisRules:
        """Returns the rules; alpha is split evenly over the metrics that can roll back."""
        section, alpha = self.section, self._alpha()
        judged = 1 + (section.latency is not None) + len(section.metrics)
        return AnalysisRules(
            errors=self._errors(section.error_rate or ErrorSection(), alpha / judged, "error_rate"),
            client_errors=self._client_errors(alpha),
            latency=None if section.latency is None else self._latency(section.latency, alpha / judged),
            metrics=tuple(
                self._metric(name, metric, alpha / judged) for name, metric in section.metrics.items()
            ),
            guards=(*self._guards(), *self._outside()),
            ratio=self._ratio() if section.judge == "ratio" else None,
            dry_run=section.dry_run,
        )

    def of_step(self, written: StepErrorSection, path: Path) -> PromotionRule:
        """Returns a step's own rule for errors; what it doesn't write is that of the analysis."""
        general = self.section.error_rate or ErrorSection()
        margin = general.margin if written.margin is None else written.margin
        floor = general.floor if written.floor is None else written.floor
        return self._promotion(margin, floor, self._tolerated(general.tolerate, None), path)

    def _wrong(self, path: Path, message: str, hint: str | None = None) -> None:
        problem = Problem(path, message, hint)
        if problem not in self.problems:
            self.problems.append(problem)

    def _alpha(self) -> float:
        alpha = _ALPHA if self.section.alpha is None else share(self.section.alpha)
        if 0 < alpha < 1:
            return alpha
        self._wrong((*self.path, "alpha"), "expected a percentage above 0% and below 100%", "1% is usual")
        return _ALPHA

    def _errors(self, section: ErrorSection, alpha: float, *steps: str) -> ErrorRules:
        path = (*self.path, *steps)
        tolerated = self._tolerated(section.tolerate, path)
        rollback = RollbackRule(tolerated, self._rollback_floor(section.rollback_floor, path), alpha)
        return ErrorRules(rollback, self._promotion(section.margin, section.floor, tolerated, path))

    def _metric(self, name: str, section: MetricSection, alpha: float) -> MetricRules:
        if name in _RESERVED:
            hint = "call the metric something else"
            self._wrong((*self.path, "metrics", name), f"`{name}` is reserved: it is judged anyway", hint)
        return MetricRules(name, Better(section.better), self._errors(section, alpha, "metrics", name))

    def _client_errors(self, alpha: float) -> RollbackRule | None:
        # They keep an alpha of their own, for they only hold a release.
        section = self.section.client_errors
        if section is False:
            return None
        tolerate = section.tolerate if section else None
        return RollbackRule(self._tolerated(tolerate, (*self.path, "client_errors")), None, alpha)

    def _tolerated(self, written: str | float | None, path: Path | None) -> float:
        """The ratio that is tolerated, snapped."""
        tolerate = 1.0 if written is None else ratio(written)
        if 1 <= tolerate <= MOST_TOLERATED:
            return RATIOS[snapped_up(tolerate)]
        if path is not None:
            self._wrong(
                (*path, "tolerate"), f"expected a ratio from 1x to {MOST_TOLERATED:g}x, got {tolerate:g}x"
            )
        return 1.0

    def _rollback_floor(self, written: str | float | None, path: Path) -> float | None:
        floor = 0.0 if written is None else share(written)
        if floor >= 1 / 8:
            hint = "a canary that fails so often belongs to a guard"
            self._wrong(
                (*path, "rollback_floor"), f"expected a rate below 12.5%, got {percent_text(floor)}", hint
            )
            return None
        return floor or None

    def _promotion(
        self, margin: str | float | None, floor: str | float | None, tolerated: float, path: Path
    ) -> PromotionRule:
        least = max(_LEAST_MARGIN, tolerated * _OVER_TOLERATED)
        rate = self._floor(floor, path)
        too_much = least if margin is None else ratio(margin)
        if self._exceeds(too_much, tolerated, (*path, "margin")):
            return PromotionRule(too_much, rate, tolerate=tolerated)
        return PromotionRule(least, rate, tolerate=tolerated)

    def _exceeds(self, margin: float, tolerated: float, path: Path) -> bool:
        if not RATIOS[0] <= margin <= RATIOS[-1]:
            self._wrong(path, f"expected a ratio above 1x and up to {RATIOS[-1]:g}x, got {margin:g}x")
            return False
        snapped = RATIOS[snapped_down(margin)]
        if snapped > tolerated:
            return True
        following = ceil(RATIOS[snapped_up(tolerated) + 1] * 100) / 100
        message = (
            f"margin {margin:g}x becomes {snapped:.3g}x on the lattice 2^(1/4) and must exceed "
            f"the {tolerated:.3g}x that is tolerated"
        )
        self._wrong(path, message, f"write {following:g}x or more, or tolerate less")
        return False

    def _floor(self, written: str | float | None, path: Path) -> float | None:
        floor = _FLOOR if written is None else share(written)
        if floor < 1:
            return floor or None
        self._wrong((*path, "floor"), "expected a rate below 100%", "0% takes the floor away")
        return _FLOOR

    def _latency(self, section: LatencySection, alpha: float) -> LatencyRules:
        tolerate = 0.0 if section.tolerate is None else share(section.tolerate)
        default = (1 + tolerate) * _SLOWER - 1
        margin = default if section.margin is None else share(section.margin)
        if bins_at_most(margin) <= bins_at_least(tolerate):
            least = ceil((GAMMA ** (bins_at_least(tolerate) + 1) - 1) * 100)
            message = (
                f"margin {percent_text(margin)} must exceed what is tolerated ({percent_text(tolerate)}) "
                "by a bin of the histogram at least, which is 4%"
            )
            self._wrong(
                (*self.path, "latency", "margin"), message, f"write {least}% or more, or tolerate less"
            )
            margin = default
        return LatencyRules(LatencyRule(tolerate, alpha), LatencyPromotionRule(margin, tolerate))

    def _guards(self) -> tuple[GuardRule, ...]:
        reader = GuardReader(self.section.metrics)
        places: dict[str, int] = {}
        rules: list[GuardRule] = []
        for index, written in enumerate(self.section.guards):
            rule = reader.read(written, (*self.path, "guards", index))
            if rule is not None and rule.name in places:
                message = f"this guard is a repetition of guards[{places[rule.name]}]"
                self._wrong((*self.path, "guards", index), message, "take one of them out")
            elif rule is not None:
                places[rule.name] = index
                rules.append(rule)
        self.problems += reader.problems
        return tuple(rules)

    def _outside(self) -> Iterator[GuardRule]:
        """One look that is out of the limit breaches it, so a metric from outside is a guard over looks."""
        for name, section in self.section.outside.items():
            if (section.above is None) == (section.below is None):
                message = "expected exactly one of above and below"
                self._wrong((*self.path, "outside", name), message, "write above: 0.8 for what is too much")
            yield GuardRule(f"{OUTSIDE}{name}", Guard(0.0, seconds(section.for_), 1))

    def _ratio(self) -> RatioRule:
        section, usual = self.section.ratio or RatioSection(), RatioRule()
        times = usual.times if section.times is None else ratio(section.times)
        if times < 1:
            self._wrong((*self.path, "ratio", "times"), f"expected a ratio of 1x or more, got {times:g}x")
        return RatioRule(section.requests or usual.requests, times)
