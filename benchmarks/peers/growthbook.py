"""growthbook with its features given in the constructor."""

from collections.abc import Sequence
from typing import Any

from growthbook import GrowthBook

from benchmarks.workload import Context, Person

__all__ = ["answers", "crowd", "load"]


def load(kinds: dict[str, str]) -> Any:
    return GrowthBook(features={key: _feature(kind) for key, kind in kinds.items()})


def crowd(people: Sequence[Person]) -> list[Context]:
    return [{"id": user, **context} for user, context in people]


def answers(client: Any, flag: str, people: Sequence[Context]) -> list[bool]:
    # One instance for all, told who is asking: less work than the instance per request that its manual shows.
    return [client.set_attributes(attributes) or client.is_on(flag) for attributes in people]


def _feature(kind: str) -> dict[str, Any]:
    if kind == "static":
        return {"defaultValue": True}
    targeted = [_share(0.25, _CONDITION), {"force": False, "condition": _CONDITION}] if kind == "rule" else []
    return {"defaultValue": False, "rules": [*targeted, _share(0.1)]}


def _share(coverage: float, condition: dict[str, Any] | None = None) -> dict[str, Any]:
    rule = {"force": True, "coverage": coverage, "hashAttribute": "id"}
    return rule | ({"condition": condition} if condition else {})


_CONDITION = {
    "plan": {"$in": ["pro", "team"]},
    "country": {"$nin": ["US"]},
    "app_version": {"$vgte": "2.3.0"},
}
