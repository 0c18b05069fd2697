"""Reads guards: `{error_rate: 5%, for: 2m}`, `{p99: 800ms, for: 1m}`, `{metric: empty_cart, above: 10%, for: 5m}`.

There are as many quantiles as there are numbers, so a guard is a mapping whose keys no model can list: the quantile is
read here, and the rest by `GuardSection`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from reliakit.definitions.analysis_models import GuardSection, MetricSection
from reliakit.definitions.problems import Path, Problem, describe, enumerate_words, suggestion
from reliakit.definitions.quantities import Duration, seconds, share
from reliakit.definitions.validation import convert
from reliakit.rollouts.definition import GuardRule
from reliakit.rollouts.guards import Guard, slower_than

__all__ = ["GuardReader", "guard_schema", "unread_guards"]

_QUANTILE = r"^p[1-9][0-9]?(\.[0-9]{1,3})?$(?!\n)"
_QUANTILES = "quantiles are p50, p99, p99.9 and the like"
_LIMITS = ("error_rate", "client_errors", "metric")
_LONGEST = 100.0
"""Seconds: what takes longer is not told apart."""


@dataclass(slots=True)
class GuardReader:
    """Turns guards into rules, and collects what is wrong with them.

    `metrics` are the business metrics that a guard can name.
    """

    metrics: Mapping[str, MetricSection]
    problems: list[Problem] = field(default_factory=list)

    def read(self, written: Mapping[str, Any], path: Path) -> GuardRule | None:
        """Returns the rule; None where something is wrong, and a problem."""
        section, lengths = self.shape(written, path)
        if section is None or None in lengths.values() or not self._is_one(section, lengths, path):
            return None
        if section.metric is not None:
            return self._of_metric(section, section.metric, path)
        if section.error_rate is not None:
            return self._limited(section, "errors", share(section.error_rate), (*path, "error_rate"))
        if section.client_errors is not None:
            limit = share(section.client_errors)
            return self._limited(section, "client_errors", limit, (*path, "client_errors"))
        return _of_quantile(section, lengths)

    def shape(
        self, written: Mapping[str, Any], path: Path
    ) -> tuple[GuardSection | None, dict[str, float | None]]:
        """Returns a guard's keys, and the seconds of its quantiles; None for those that can't be read."""
        rest = {key: value for key, value in written.items() if not re.search(_QUANTILE, key)}
        lengths = {key: self._length(written[key], (*path, key)) for key in written if key not in rest}
        return self._section(rest, path), lengths

    def _wrong(self, path: Path, message: str, hint: str | None = None) -> None:
        self.problems.append(Problem(path, message, hint))

    def _section(self, rest: dict[str, Any], path: Path) -> GuardSection | None:
        section, found = convert(rest, GuardSection, path=path)
        for problem in found:
            almost = re.match(r"p\d", str(problem.path[-1])) and problem.message.startswith("unknown key")
            self.problems.append(replace(problem, hint=_QUANTILES) if almost else problem)
        return section

    def _length(self, written: Any, path: Path) -> float | None:
        converted, found = convert(written, Duration, path=path)
        self.problems += found
        if converted is None:
            return None
        length = seconds(converted)
        if not 0 < length <= _LONGEST:
            self._wrong(path, f"expected a duration above 0s and up to 100s, got {converted}")
            return None
        return length

    def _is_one(self, section: GuardSection, lengths: Mapping[str, Any], path: Path) -> bool:
        limits = [name for name in _LIMITS if getattr(section, name) is not None]
        if len(limits) + len(lengths) != 1:
            expected = "expected exactly one of error_rate, client_errors, metric and a quantile such as p99"
            self._wrong(path, expected, "write a guard for each of them: [{error_rate: 5%, for: 2m}, …]")
            return False
        for key in ("above", "below"):
            if section.metric is None and getattr(section, key) is not None:
                self._wrong((*path, key), f"`{key}` belongs to `metric`", "take it out")
                return False
        return True

    def _of_metric(self, section: GuardSection, name: str, path: Path) -> GuardRule | None:
        if name not in self.metrics:
            hint = suggestion(name, self.metrics) or f"add it to the analysis: metrics: {{{name}: {{}}}}"
            self._wrong((*path, "metric"), f"there is no metric {describe(name)}", hint)
            return None
        better = self.metrics[name].better
        wanted, other = ("below", "above") if better == "higher" else ("above", "below")
        written = getattr(section, wanted)
        if written is None or getattr(section, other) is not None:
            message = f"expected `{wanted}` alone, for a metric of which {better} is better"
            self._wrong(path, message, f"write {{metric: {name}, {wanted}: 10%, for: 5m}}")
            return None
        # Where higher is better, the requests without it are the bad ones.
        limit = 1 - share(written) if better == "higher" else share(written)
        return self._limited(section, name, limit, (*path, wanted))

    def _limited(self, section: GuardSection, metric: str, limit: float, path: Path) -> GuardRule | None:
        if limit >= 1:
            edge = "above 0%" if path[-1] == "below" else "below 100%"
            self._wrong(path, f"expected a percentage {edge}, or the guard never trips")
            return None
        usual = Guard(round(limit, 12), seconds(section.for_))
        return GuardRule(metric, replace(usual, requests=section.requests or usual.requests))


def _of_quantile(section: GuardSection, lengths: Mapping[str, float | None]) -> GuardRule:
    quantile, length = next(iter(lengths.items()))
    usual = slower_than(round(float(quantile[1:]) / 100, 12), seconds(section.for_))
    return GuardRule("latency", replace(usual, requests=section.requests or usual.requests), length)


def unread_guards(rollouts: Any) -> Iterator[Problem]:
    """Yields what is wrong with the guards in a section of which something else can't be read."""
    reader = GuardReader({})
    for name, rollout in rollouts.items() if isinstance(rollouts, dict) else ():
        analysis = rollout.get("analysis") if isinstance(rollout, dict) else None
        guards = analysis.get("guards") if isinstance(analysis, dict) else None
        for index, guard in enumerate(guards if isinstance(guards, list) else ()):
            if isinstance(guard, dict):
                reader.shape(guard, ("rollouts", name, "analysis", "guards", index))
    yield from reader.problems


def guard_schema() -> dict[str, Any]:
    """Returns the JSON Schema of a guard."""
    section = msgspec.json.schema(GuardSection)["$defs"]["GuardSection"]
    limits = enumerate_words([*_LIMITS, "a quantile such as p99"])
    return {
        **section,
        "title": "Guard",
        "description": f"An absolute limit: {limits}, and for how long.",
        "patternProperties": {_QUANTILE: section["properties"]["for"]},
    }
