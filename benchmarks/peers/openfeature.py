"""openfeature-sdk with its in-memory provider.

The provider has no percentages and no rules: what decides here is the shortest Python that does, so the figure is
that of the SDK around it.
"""

from collections.abc import Callable, Sequence
from typing import Any
from zlib import crc32

from openfeature import api
from openfeature.evaluation_context import EvaluationContext
from openfeature.flag_evaluation import FlagResolutionDetails, Reason
from openfeature.provider.in_memory_provider import InMemoryFlag, InMemoryProvider

from benchmarks.workload import Person

__all__ = ["answers", "crowd", "load"]

Evaluator = Callable[[InMemoryFlag[bool], EvaluationContext], FlagResolutionDetails[bool]]


def load(kinds: dict[str, str]) -> Any:
    api.set_provider_and_wait(InMemoryProvider({key: _flag(key, kind) for key, kind in kinds.items()}))
    return api.get_client()


def crowd(people: Sequence[Person]) -> list[EvaluationContext]:
    return [EvaluationContext(user, context) for user, context in people]


def answers(client: Any, flag: str, contexts: Sequence[EvaluationContext]) -> list[bool]:
    value = client.get_boolean_value
    return [value(flag, False, context) for context in contexts]


def _flag(key: str, kind: str) -> InMemoryFlag[bool]:
    variants = {"on": True, "off": False}
    if kind == "static":
        return InMemoryFlag("on", variants)
    return InMemoryFlag("off", variants, context_evaluator=_evaluator(key, kind == "rule"))


def _evaluator(key: str, ruled: bool) -> Evaluator:
    salt = crc32(key.encode())

    def decide(flag: InMemoryFlag[bool], context: EvaluationContext) -> FlagResolutionDetails[bool]:
        share = 25 if ruled and _targeted(context.attributes) else 10
        on = crc32((context.targeting_key or "").encode(), salt) % 100 < share
        return FlagResolutionDetails(on, variant="on" if on else "off", reason=Reason.SPLIT)

    return decide


def _targeted(attributes: Any) -> bool:
    if attributes["plan"] not in ("pro", "team") or attributes["country"] == "US":
        return False
    return tuple(map(int, attributes["app_version"].split("."))) >= (2, 3, 0)
