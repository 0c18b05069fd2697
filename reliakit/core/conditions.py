"""When a rule holds: a tree of tests over the attributes of an evaluation context.

A condition has three answers. True and False are what they seem; None is *unknown*, the answer of a test whose
attribute is missing or of the wrong kind. `all`, `any` and `not` combine them by Kleene's strong logic, and a rule
applies only where its condition is True. So neither `country: {not_in: [US]}` nor `not: {country: US}` catches
those whose country nobody knows.

Every node says the same thing twice: `holds` is exact and reports what it missed; `source` is an expression that
agrees with it wherever nothing is missing and no `not` is above it. The compiler runs the second and falls back
to the first.

Source: Stephen Kleene, 1952, Introduction to Metamathematics, section 64.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from reliakit.core.operators import Test

__all__ = ["TARGETING_KEY", "AllOf", "AnyOf", "Attribute", "Bind", "Condition", "Miss", "Not", "Present"]

TARGETING_KEY = "targeting_key"
"""The attribute name under which rules see the targeting key."""

Attributes = Mapping[str, Any]
Bind = Callable[[Any], str]
"""Gives a value a made-up name in the generated code."""
Miss = tuple[str, Literal["missing", "mistyped"]]
"""An attribute, and what was wrong with it."""


class Condition(Protocol):
    """A node of the tree."""

    def holds(self, user: str | None, attributes: Attributes, missed: list[Miss]) -> bool | None:
        """Answers exactly, and appends what it missed on the way."""

    def source(self, bind: Bind) -> str:
        """Returns the fast expression, over the names `user` and `attributes`."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """One test of one attribute."""

    name: str
    test: Test

    def holds(self, user: str | None, attributes: Attributes, missed: list[Miss]) -> bool | None:
        value = _read(self.name, user, attributes)
        if value is None:
            missed.append((self.name, "missing"))
            return None
        try:
            return self.test(value)
        except Exception:  # an attribute is the caller's object: its comparison may raise anything
            missed.append((self.name, "mistyped"))
            return None

    def source(self, bind: Bind) -> str:
        value = "user" if self.name == TARGETING_KEY else f"attributes[{bind(self.name)}]"
        return self.test.source(value, bind)


@dataclass(frozen=True, slots=True)
class Present:
    """The attribute is there (None counts as absent), or is not."""

    name: str
    wanted: bool

    def holds(self, user: str | None, attributes: Attributes, missed: list[Miss]) -> bool | None:
        return (_read(self.name, user, attributes) is not None) is self.wanted

    def source(self, bind: Bind) -> str:
        value = "user" if self.name == TARGETING_KEY else f"attributes.get({bind(self.name)})"
        return f"({value} is {'not ' if self.wanted else ''}None)"


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part holds; nothing to hold is True."""

    parts: tuple[Condition, ...]

    def holds(self, user: str | None, attributes: Attributes, missed: list[Miss]) -> bool | None:
        answer: bool | None = True
        for part in self.parts:
            held = part.holds(user, attributes, missed)
            if held is False:
                return False
            answer = answer if held else None
        return answer

    def source(self, bind: Bind) -> str:
        return _joined(" and ", self.parts, bind) or "True"


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds; nothing to hold is False."""

    parts: tuple[Condition, ...]

    def holds(self, user: str | None, attributes: Attributes, missed: list[Miss]) -> bool | None:
        answer: bool | None = False
        for part in self.parts:
            held = part.holds(user, attributes, missed)
            if held:
                return True
            answer = answer if held is False else None
        return answer

    def source(self, bind: Bind) -> str:
        return _joined(" or ", self.parts, bind) or "False"


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold; unknown stays unknown."""

    part: Condition

    def holds(self, user: str | None, attributes: Attributes, missed: list[Miss]) -> bool | None:
        held = self.part.holds(user, attributes, missed)
        return None if held is None else not held

    def source(self, bind: Bind) -> str:
        # Below a `not`, False and unknown differ, and only `holds` tells them apart. Where anything was missed this
        # raises, so that the compiler's fallback asks again and counts it.
        return f"{bind(self._certain)}(user, attributes)"

    def _certain(self, user: str | None, attributes: Attributes) -> bool:
        missed: list[Miss] = []
        held = self.holds(user, attributes, missed)
        if missed:
            raise LookupError("not everything is known")
        return held is True


def _read(name: str, user: str | None, attributes: Attributes) -> Any:
    return user if name == TARGETING_KEY else attributes.get(name)


def _joined(word: str, parts: tuple[Condition, ...], bind: Bind) -> str:
    return "(" + word.join(part.source(bind) for part in parts) + ")" if parts else ""
