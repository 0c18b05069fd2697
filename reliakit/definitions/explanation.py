"""Why a flag answers as it does, gate by gate, for people.

This walks the definition itself and not what was compiled from it: slow, obvious, and a second opinion that the
tests hold the compiled flags against.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from reliakit.core.bucketing import SPACE, bucket
from reliakit.core.conditions import Miss
from reliakit.core.evaluation import ErrorCode, Evaluation, Reason
from reliakit.core.flags import Plan, Serve, Share
from reliakit.definitions.conditions import ConditionReader
from reliakit.definitions.flagd.models import FlagdFlag
from reliakit.definitions.flags import FlagReader
from reliakit.definitions.models import Definitions
from reliakit.definitions.problems import describe, suggestion

__all__ = ["Explanation", "explain"]

Pinned = Mapping[str, tuple[str | None, Any]]


@dataclass(frozen=True, slots=True)
class Explanation:
    """An evaluation, and the steps that led to it."""

    evaluation: Evaluation
    steps: tuple[str, ...]

    def __str__(self) -> str:
        found = self.evaluation
        answer = found.error_code or found.reason
        head = f"{found.flag_key} = {found.value!r} ({answer}{', variant ' + found.variant if found.variant else ''})"
        return "\n".join([head, *(f"  {number}. {step}" for number, step in enumerate(self.steps, 1))])


def explain(
    definitions: Definitions,
    key: str,
    user: str | None,
    attributes: Mapping[str, Any],
    pinned: Pinned,
    now: Callable[[], float] = float,
) -> Explanation:
    """Evaluates one flag aloud.

    Args:
        definitions: without problems.
        key: the flag.
        user: the targeting key.
        attributes: of the evaluation context.
        pinned: overrides that are in force: flag key -> (variant, value).
        now: the clock that flags may ask, in seconds since 1970-01-01 UTC; one that has stopped there by default.
    """
    telling = _Telling(definitions, user, attributes, pinned, now)
    return Explanation(telling.evaluate(key), tuple(telling.steps))


_MISSED = {"missing": "is missing", "mistyped": "is not of the kind that the rule compares"}


class _Telling:
    def __init__(
        self,
        definitions: Definitions,
        user: str | None,
        attributes: Mapping[str, Any],
        pinned: Pinned,
        now: Callable[[], float],
    ) -> None:
        self.definitions, self.user, self.attributes, self.pinned = definitions, user, attributes, pinned
        self.now = now
        self.steps: list[str] = []

    def evaluate(self, key: str) -> Evaluation:
        if key in self.pinned:
            variant, value = self.pinned[key]
            self.steps.append(f"an override pins {key}, whatever the definitions say")
            return Evaluation(key, value, variant, Reason.STATIC)
        if key not in self.definitions.flags:
            hint = suggestion(key, self.definitions.flags)
            self.steps.append(f"there is no flag {describe(key)}{': ' + hint if hint else ''}")
            return Evaluation(key, None, None, Reason.ERROR, ErrorCode.FLAG_NOT_FOUND)
        flag = self.definitions.flags[key]
        if isinstance(flag, FlagdFlag):
            from reliakit.definitions.flagd.explaining import Telling

            return Telling(flag.plan(key, self.now), self.user, self.attributes, self.steps).evaluate()
        reader = FlagReader(ConditionReader(self.definitions.segments))
        return self._gates(reader.plan(key, flag))

    def _gates(self, plan: Plan) -> Evaluation:
        if not plan.enabled:
            self.steps.append("it is not enabled: everybody gets the default variant")
            return _answer(plan, plan.off, Reason.DISABLED)
        unmet = self._prerequisites(plan)
        if unmet is not None:
            return unmet
        if plan.allowlist:
            listed = self.user in plan.allowlist
            self.steps.append(f"{self._who()} is {'' if listed else 'not '}on the allowlist")
            if listed:
                return _answer(plan, plan.allowlist[str(self.user)], Reason.TARGETING_MATCH)
        for number, rule in enumerate(plan.rules, 1):
            if self._holds(number, rule.condition):
                return self._serve(plan, rule.serve, Reason.TARGETING_MATCH, f"rule {number}")
        return self._serve(plan, plan.otherwise, plan.otherwise_reason, "everyone else")

    def _prerequisites(self, plan: Plan) -> Evaluation | None:
        for key, variant in plan.prerequisites:
            self.steps.append(f"it requires {key} = {variant}")
            before = len(self.steps)
            found = self.evaluate(key)
            self.steps[before:] = [f"{key}: {step}" for step in self.steps[before:]]
            if found.error_code is ErrorCode.TARGETING_KEY_MISSING:
                return self._keyless(plan)
            if found.variant != variant:
                self.steps.append(f"{key} is {found.variant}, so the prerequisite is not met")
                return _answer(plan, plan.off, Reason.DEFAULT)
        return None

    def _holds(self, number: int, condition: Any) -> bool:
        missed: list[Miss] = []
        held = condition.holds(self.user, self.attributes, missed)
        verdict = {True: "holds", False: "does not hold", None: "can't be told, so it does not apply"}[held]
        why = "; ".join(f"{name} {_MISSED[problem]}" for name, problem in dict.fromkeys(missed))
        self.steps.append(f"rule {number} {verdict}{': ' + why if why else ''}")
        return held is True

    def _serve(self, plan: Plan, serve: Serve, reason: Reason, who: str) -> Evaluation:
        if isinstance(serve, str):
            self.steps.append(f"{who}: {serve}")
            return _answer(plan, serve, reason)
        settled = serve.settled()
        if settled is not None:
            self.steps.append(f"{who}: 100 % get {settled}")
            return _answer(plan, settled, reason)
        if self.user is None:
            return self._keyless(plan)
        return self._share(plan, serve, reason, who, bucket(self.user, plan.seed))

    def _share(self, plan: Plan, share: Share, reason: Reason, who: str, place: int) -> Evaluation:
        variant = next(
            name for name, bound in zip(share.variants, (*share.bounds, SPACE), strict=True) if place < bound
        )
        parts = ", ".join(_percent(share, index) for index in range(len(share.variants)))
        self.steps.append(f"{who}: {parts}; {self._who()} is at {place / SPACE:.4%} of the way, so {variant}")
        return _answer(plan, variant, reason)

    def _keyless(self, plan: Plan) -> Evaluation:
        self.steps.append("a targeting key is needed here and there is none: the caller's default is served")
        return Evaluation(plan.key, None, None, Reason.ERROR, ErrorCode.TARGETING_KEY_MISSING)

    def _who(self) -> str:
        return "nobody in particular" if self.user is None else f"user {self.user!r}"


def _percent(share: Share, index: int) -> str:
    low, high = (0, *share.bounds)[index], (*share.bounds, SPACE)[index]
    return f"{share.variants[index]} {(high - low) / SPACE * 100:.4g} %"


def _answer(plan: Plan, variant: str, reason: Reason) -> Evaluation:
    return Evaluation(plan.key, plan.variants[variant], variant, reason)
