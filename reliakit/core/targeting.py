"""Flags whose targeting is JsonLogic: the state, the logic, and the default variant, as flagd has them.

Where the logic names no variant that the flag has, or fails, the answer is an error, and the caller's default is
served. A flag without a default variant leaves the value to its caller too, which is no error.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from reliakit.core.counters import Counters
from reliakit.core.evaluation import Answer, ErrorCode, Reason, Withheld
from reliakit.core.flags import Evaluator, Resolve
from reliakit.core.jsonlogic.compiling import compile_logic
from reliakit.core.jsonlogic.work import STEPS

__all__ = ["Now", "TargetingPlan", "context_of", "named"]

Now = Callable[[], float]
"""Seconds since 1970-01-01 UTC."""

_NO_VARIANT = "the targeting names a variant that the flag does not have"
_NO_DEFAULT = "the flag does not have the variant that is its default"
_FAILED = "the targeting could not be evaluated"


@dataclass(frozen=True, slots=True)
class TargetingPlan:
    """A flag as the compiler wants it.

    Attributes:
        default: the variant where the targeting names none; None leaves the value to the caller.
        targeting: JsonLogic, as written; empty for none.
        generation: of the bucketing, 1 or 2.
        broken: what is wrong with the flag's definition, where it can't be evaluated at all.
        now: the clock that the targeting sees.
        metadata: what the definition says beside: the flag's own, on top of that of its flag set.
    """

    key: str
    variants: Mapping[str, Any]
    default: str | None
    now: Now
    enabled: bool = True
    targeting: Any = None
    generation: int = 1
    broken: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def compiled(self, resolve: Resolve, counters: Counters) -> Evaluator:
        """Returns the evaluator."""
        if self.broken is not None:
            return _always(Withheld(Reason.ERROR, ErrorCode.PARSE_ERROR, self.broken))
        if not self.enabled:
            return _always(Withheld(Reason.DISABLED))
        if not self.targeting:
            return _always(self.otherwise(Reason.STATIC))
        return self._targeted()

    def otherwise(self, reason: Reason) -> Answer:
        """Returns the answer where the targeting has none."""
        if self.default is None:
            return Withheld(Reason.DEFAULT)
        if self.default not in self.variants:
            return Withheld(Reason.ERROR, ErrorCode.GENERAL, _NO_DEFAULT)
        return Answer(self.variants[self.default], self.default, reason)

    def _targeted(self) -> Evaluator:
        compiled = compile_logic(self.targeting, self.generation)
        # An empty name and a null are no answers: flagd has it so.
        served = {name: value for name, value in self.variants.items() if name and value is not None}
        answers = {name: Answer(value, name, Reason.TARGETING_MATCH) for name, value in served.items()}
        otherwise, unknown = self.otherwise(Reason.DEFAULT), _error(_NO_VARIANT)
        failed, key, logic = _error(_FAILED), self.key, compiled.run
        # Most targeting asks for no time, so most evaluations read no clock.
        now, untimed = self.now, None if compiled.timed else {"flagKey": key}

        def evaluate(user: str | None, attributes: Mapping[str, Any]) -> Answer:
            try:
                if untimed is None:
                    data = context_of(key, user, attributes, now)
                else:
                    data = {**attributes, "$flagd": untimed, "targetingKey": user}
                found = logic(data, [STEPS])
                if found is None:
                    return otherwise
                return answers.get(found if found.__class__ is str else named(found), unknown)
            except Exception:  # the context is the caller's, and may hold anything
                return failed

        return evaluate


def context_of(key: str, user: str | None, attributes: Mapping[str, Any], now: Now) -> dict[str, Any]:
    """Returns the data that targeting sees."""
    return {**attributes, "$flagd": {"flagKey": key, "timestamp": int(now())}, "targetingKey": user}


def named(found: Any) -> str:
    """Returns the name of the variant that is meant by what targeting came to: true is `true`, 1 is `1`."""
    if isinstance(found, bool):
        return "true" if found else "false"
    return str(found) if isinstance(found, str | int | float) else ""


def _error(message: str) -> Withheld:
    return Withheld(Reason.ERROR, ErrorCode.GENERAL, message)


def _always(answer: Answer) -> Evaluator:
    return lambda user, attributes: answer
