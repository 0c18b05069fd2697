"""Why a flag of a flagd document answers as it does, for people."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reliakit.core.counters import Counters
from reliakit.core.evaluation import Answer, Evaluation, Reason, Withheld
from reliakit.core.jsonlogic.compiling import compile_logic
from reliakit.core.jsonlogic.lookup import var
from reliakit.core.jsonlogic.work import STEPS, Exhausted
from reliakit.core.targeting import TargetingPlan, context_of, named
from reliakit.definitions.flagd.logic import operator_of
from reliakit.definitions.problems import describe

__all__ = ["Telling"]

_LOOPS = frozenset(("map", "filter", "reduce", "all", "some", "none"))
_MOST = 12


@dataclass(frozen=True, slots=True)
class Telling:
    """Evaluates a flag aloud, for one asker."""

    plan: TargetingPlan
    user: str | None
    attributes: Mapping[str, Any]
    steps: list[str]

    def evaluate(self) -> Evaluation:
        """Returns the answer, and appends the steps that led to it."""
        answer = self.plan.compiled(lambda key: None, Counters())(self.user, self.attributes)
        assert answer is not None
        self.steps.extend(self._told(answer))
        code, message = (answer.code, answer.message) if isinstance(answer, Withheld) else (None, None)
        return Evaluation(self.plan.key, answer.value, answer.variant, answer.reason, code, message)

    def _told(self, answer: Answer) -> Iterator[str]:
        plan = self.plan
        if plan.broken is not None:
            yield f"its definition can't be used: {plan.broken}"
        elif not plan.enabled:
            yield "its state is DISABLED"
        elif plan.targeting:
            yield from self._targeting()
        else:
            yield "it has no targeting"
        yield self._served(answer)

    def _targeting(self) -> Iterator[str]:
        data = context_of(self.plan.key, self.user, self.attributes, self.plan.now)
        read = {path: var(data, [STEPS], path) for path in _paths(self.plan.targeting)}
        for path, value in list(read.items())[:_MOST]:
            yield f"the targeting reads {path}: {'missing' if value is None else describe(value)}"
        try:
            found = compile_logic(self.plan.targeting, self.plan.generation).run(data, [STEPS])
        except Exhausted:
            yield f"the targeting was stopped: it takes more than {STEPS:,} steps"
        except Exception as fault:
            yield f"the targeting failed: {type(fault).__name__}"
        else:
            yield _came_to(found)

    def _served(self, answer: Answer) -> str:
        if answer.variant is not None:
            default = answer.reason in (Reason.STATIC, Reason.DEFAULT)
            return f"so {'the default variant, ' if default else ''}{answer.variant}"
        if isinstance(answer, Withheld) and answer.message and answer.message != self.plan.broken:
            return f"{answer.message}: the caller's default is served"
        if answer.reason is Reason.DEFAULT:
            return "it has no default variant: the caller's default is served"
        return "the caller's default is served"


def _came_to(found: Any) -> str:
    if found is None:
        return "the targeting came to nothing (null), so the default variant counts"
    if isinstance(found, bool | int | float):
        return f"the targeting came to {describe(found)}, which names the variant {named(found)}"
    return f"the targeting came to {describe(found)}"


def _paths(written: Any) -> dict[str, None]:
    """Returns the paths that targeting reads from the context; inside of a loop, paths are of the item."""
    found: dict[str, None] = {}
    pending = [written]
    while pending:
        part = pending.pop()
        operator = operator_of(part)
        given = part[operator] if operator is not None else part
        arguments = given if isinstance(given, list) else [given]
        if operator == "var" and arguments and isinstance(arguments[0], str) and arguments[0]:
            found[arguments[0]] = None
        inside = arguments[:1] if operator in _LOOPS else arguments
        pending += [each for each in reversed(inside) if isinstance(each, list | dict) and each is not part]
    return found
