"""The flags and the people of every evaluation benchmark; standard library only, since each peer imports it.

Three kinds of flag, written by each adapter in its peer's own terms:

    static        on for everybody
    ten_percent   on for 10 % of users
    rule          plan in (pro, team) and country not in (US) and app_version >= 2.3.0: 25 %; everyone else: 10 %
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

__all__ = ["KINDS", "PEOPLE", "Adapter", "Context", "Person", "anonymous", "flags", "wrong_answers"]

Context = dict[str, str]
Person = tuple[str, Context]

KINDS = ("static", "ten_percent", "rule")

PEOPLE: list[Person] = [
    (
        f"user-{index * 7919}",
        {
            "plan": ("free", "pro", "team")[index % 3],
            "country": ("DE", "US", "FR", "JP")[index % 4],
            "app_version": f"{1 + index % 4}.{index % 7}.{index % 5}",
        },
    )
    for index in range(1000)
]


class Adapter(Protocol):
    """What each module with a subject has; the types in between are the subject's own business."""

    load: Callable[[dict[str, str]], Any]
    """From flags (key to kind) to a ready client."""

    crowd: Callable[[Sequence[Person]], Any]
    """From people to what the client wants of them, made once: a request checks many flags for one person."""

    answers: Callable[[Any, str, Any], list[bool]]
    """From a client, a flag's key and a crowd to one answer per person: the timed loop, in the peer's own call."""


def flags(count: int) -> dict[str, str]:
    """Returns `count` flags (at least three) as key to kind; each kind is also the key of one."""
    fillers = {f"filler_{index:04}": KINDS[1 + index % 2] for index in range(count - len(KINDS))}
    return {kind: kind for kind in KINDS} | fillers


def anonymous(people: Sequence[Person]) -> list[Person]:
    """Returns the same people with nothing known about them but who they are."""
    return [(user, {}) for user, _ in people]


def wrong_answers(kind: str, answers: Sequence[bool]) -> str | None:
    """Returns what is wrong with the answers of one flag to PEOPLE, or None: a fast wrong answer is no result.

    Peers put users in different buckets, so shares are compared: among the people with the same chance, within
    five standard errors of it.
    """
    groups: dict[float, list[bool]] = {}
    for (_, context), answer in zip(PEOPLE, answers, strict=True):
        groups.setdefault(_chance(kind, context), []).append(answer)
    for chance, group in groups.items():
        tolerance = 5 * (len(group) * chance * (1 - chance)) ** 0.5
        if abs(sum(group) - len(group) * chance) > tolerance:
            return f"{kind} is on for {sum(group)} of {len(group)} users whose chance is {chance:.0%}"
    return None


def _chance(kind: str, context: Context) -> float:
    if kind == "rule":
        return 0.25 if _targeted(context) else 0.1
    return {"static": 1.0, "ten_percent": 0.1}[kind]


def _targeted(context: Context) -> bool:
    version = tuple(int(part) for part in context["app_version"].split("."))
    return context["plan"] in ("pro", "team") and context["country"] != "US" and version >= (2, 3, 0)
