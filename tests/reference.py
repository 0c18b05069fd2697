"""What a flag answers, worked out slowly from the document as it was written.

A second implementation of the semantics of flags, for tests to hold the compiled one against. It shares no code
with `reliakit`: it reads dicts, walks them per evaluation and has its own hash, operators and versions.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from tests.core.murmur import murmur3

__all__ = ["KEYLESS", "Answer", "Reference", "precedence", "satisfies", "version"]

_EVERYTHING = 2**32


@dataclass(frozen=True)
class Answer:
    """What came out, in the words of the API."""

    value: Any
    variant: str | None
    reason: str
    error: str | None = None


KEYLESS = Answer(None, None, "ERROR", "TARGETING_KEY_MISSING")


class _Mistyped(Exception):
    """The value is not of a kind that the test understands."""


@dataclass
class Reference:
    """Evaluates the flags of one document for one asker, and counts the attributes that it missed."""

    document: Mapping[str, Any]
    user: str | None
    attributes: Mapping[str, Any]
    pinned: Mapping[str, tuple[str | None, Any]] = field(default_factory=dict)
    missed: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """(flag, attribute, "missing" | "mistyped") -> how often."""

    def evaluate(self, key: str) -> Answer:
        """Returns the answer of a flag."""
        if key in self.pinned:
            variant, value = self.pinned[key]
            return Answer(value, variant, "STATIC")
        flags = self.document.get("flags", {})
        if key not in flags:
            return Answer(None, None, "ERROR", "FLAG_NOT_FOUND")
        return _Flag(self, key, flags[key]).answer()


@dataclass
class _Flag:
    asking: Reference
    key: str
    written: Mapping[str, Any]

    @property
    def variants(self) -> Mapping[str, Any]:
        return self.written.get("variants", {"on": True, "off": False})

    def name(self, written: Any) -> str:
        """On and off may also be written as true and false."""
        if "variants" not in self.written and written in (True, "true"):
            return "on"
        if "variants" not in self.written and written in (False, "false"):
            return "off"
        return str(written)

    def serve(self, variant: str, reason: str) -> Answer:
        return Answer(self.variants[variant], variant, reason)

    @property
    def off(self) -> str:
        if "default" in self.written:
            return self.name(self.written["default"])
        return next(iter(self.variants)) if "variants" in self.written else "off"

    def answer(self) -> Answer:
        flag = self.written
        if flag.get("enabled") is False:
            return self.serve(self.off, "DISABLED")
        if (unmet := self.prerequisites()) is not None:
            return unmet
        if self.asking.user is not None:
            for user, variant in self.allowed():
                if user == self.asking.user:
                    return self.serve(variant, "TARGETING_MATCH")
        for rule in flag.get("rules", ()):
            if self.condition(rule["if"]) is True:
                return self.shared(rule, "TARGETING_MATCH", self.name(rule.get("value", True)))
        return self.everyone_else()

    def prerequisites(self) -> Answer | None:
        wanted = self.written.get("prerequisites", {})
        pairs = wanted.items() if isinstance(wanted, dict) else [(key, "on") for key in wanted]
        for key, variant in pairs:
            found = self.asking.evaluate(key)
            if found.error == "TARGETING_KEY_MISSING":
                return KEYLESS
            if found.variant != (("off", "on")[variant] if isinstance(variant, bool) else variant):
                return self.serve(self.off, "DEFAULT")
        return None

    def allowed(self) -> list[tuple[str, str]]:
        allowlist = self.written.get("allowlist", ())
        if not isinstance(allowlist, dict):
            return [(str(user), "on") for user in allowlist]
        return [(str(user), self.name(variant)) for variant, users in allowlist.items() for user in users]

    def everyone_else(self) -> Answer:
        flag = self.written
        if "percentage" in flag or "split" in flag:
            return self.shared(flag, "SPLIT", "")
        targeted = bool(flag.get("allowlist")) or bool(flag.get("rules"))
        reason = "DEFAULT" if targeted else "STATIC"
        if "otherwise" in flag:
            return self.serve(self.name(flag["otherwise"]), reason)
        return self.serve(self.off if targeted or "variants" in flag else "on", reason)

    def shared(self, section: Mapping[str, Any], reason: str, whole: str) -> Answer:
        if "percentage" in section:
            ends = [("on", section["percentage"] / 100), ("off", 1.0)]
        elif "split" in section:
            ends = self.ends(section["split"])
        else:
            return self.serve(whole, reason)
        return self.drawn([(variant, round(end * _EVERYTHING)) for variant, end in ends], reason)

    def ends(self, split: Mapping[str, float]) -> list[tuple[str, float]]:
        total, so_far = sum(split.values()), 0.0
        ends = []
        for variant, share in split.items():
            so_far += share
            ends.append((self.name(variant), so_far / total))
        return ends

    def drawn(self, ends: list[tuple[str, int]], reason: str) -> Answer:
        start = 0
        for variant, end in ends:
            if (start, end) == (0, _EVERYTHING):
                return self.serve(variant, reason)  # everyone, so nobody needs to be told apart
            start = end
        if self.asking.user is None:
            return KEYLESS
        seed = murmur3(_bytes(self.written.get("salt", self.key)), 0)
        place = murmur3(_bytes(self.asking.user), seed)
        return self.serve(next(variant for variant, end in ends if place < end), reason)

    def condition(self, written: Mapping[str, Any]) -> bool | None:
        """True, False, or None where it can't be told."""
        return self.all(self.entry(key, value) for key, value in written.items())

    def all(self, answers: Any) -> bool | None:
        """Stops at the first False, so what comes after it is never looked at."""
        unknown = False
        for answer in answers:
            if answer is False:
                return False
            unknown = unknown or answer is None
        return None if unknown else True

    def any(self, answers: Any) -> bool | None:
        found = self.all(opposite(answer) for answer in answers)
        return opposite(found)

    def entry(self, key: str, value: Any) -> bool | None:
        if key == "all":
            return self.all(self.condition(part) for part in value)
        if key == "any":
            return self.any(self.condition(part) for part in value)
        if key == "not":
            return opposite(self.condition(value))
        if key == "segment":
            names = value if isinstance(value, list) else [value]
            return self.any(self.condition(self.asking.document["segments"][name]) for name in names)
        if isinstance(value, dict):
            return self.all(self.test(key, operator, operand) for operator, operand in value.items())
        return self.test(key, "in" if isinstance(value, list) else "equals", value)

    def test(self, attribute: str, operator: str, operand: Any) -> bool | None:
        user, attributes = self.asking.user, self.asking.attributes
        value = user if attribute == "targeting_key" else attributes.get(attribute)
        if operator in ("present", "absent"):
            return (value is None) == (operator == "absent")
        if value is None:
            self.asking.missed[self.key, attribute, "missing"] += 1
            return None
        try:
            return bool(_OPERATORS[operator](value, operand))
        except Exception:
            self.asking.missed[self.key, attribute, "mistyped"] += 1
            return None


def opposite(answer: bool | None) -> bool | None:
    return None if answer is None else not answer


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _one_of(value: Any, operands: list[Any]) -> bool:
    if not isinstance(value, (str, int, float)):
        raise _Mistyped
    return any(isinstance(value, bool) == isinstance(each, bool) and value == each for each in operands)


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _Mistyped
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise _Mistyped
    return value


def _texts(operand: Any) -> list[str]:
    return operand if isinstance(operand, list) else [operand]


def _contains(value: Any, operand: Any) -> bool:
    if isinstance(value, str):
        return any(value.find(part) >= 0 for part in _texts(operand))
    if not isinstance(value, (list, tuple, set, frozenset)):
        raise _Mistyped
    return any(item == part for part in _texts(operand) for item in value)


def _instant(value: Any) -> datetime:
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    raise _Mistyped


_OPERATORS = {
    "equals": lambda value, operand: _one_of(value, [operand]),
    "not_equals": lambda value, operand: not _one_of(value, [operand]),
    "in": _one_of,
    "not_in": lambda value, operand: not _one_of(value, operand),
    "gt": lambda value, operand: _number(value) > operand,
    "gte": lambda value, operand: _number(value) >= operand,
    "lt": lambda value, operand: _number(value) < operand,
    "lte": lambda value, operand: _number(value) <= operand,
    "starts_with": lambda value, operand: any(_text(value)[: len(part)] == part for part in _texts(operand)),
    "ends_with": lambda value, operand: any(_text(value)[-len(part) :] == part for part in _texts(operand)),
    "contains": _contains,
    "not_contains": lambda value, operand: not _contains(value, operand),
    "matches": lambda value, operand: re.search(operand, _text(value)) is not None,
    "semver": lambda value, operand: satisfies(_text(value), operand),
    "before": lambda value, operand: _instant(value) < _instant(operand),
    "after": lambda value, operand: _instant(value) > _instant(operand),
}


@dataclass(frozen=True)
class SlowVersion:
    """A version taken apart by splitting, compared rule by rule (semver.org, section 11)."""

    numbers: tuple[int, int, int]
    identifiers: tuple[str, ...]
    written: int
    """How many of the three numbers were written."""


def version(text: str) -> SlowVersion:
    """Reads a version; raises ValueError where it is none."""
    if not text.isascii() or len(text) > 256:
        raise ValueError(text)
    plain, plus, build = text.removeprefix("v").partition("+")
    core, dash, pre = plain.partition("-")
    parts = core.split(".")
    names = pre.split(".") if dash else []
    if len(parts) > 3 or not all(map(_is_number, parts)):
        raise ValueError(text)
    if not all(_is_name(name) and (not name.isdigit() or _is_number(name)) for name in names):
        raise ValueError(text)
    if plus and not all(map(_is_name, build.split("."))):
        raise ValueError(text)
    numbers = [int(part) for part in parts] + [0] * (3 - len(parts))
    return SlowVersion((numbers[0], numbers[1], numbers[2]), tuple(names), len(parts))


def _is_number(text: str) -> bool:
    return text.isdigit() and (text == "0" or text[0] != "0")


def _is_name(text: str) -> bool:
    return bool(text) and all(letter.isalnum() or letter == "-" for letter in text)


def precedence(left: SlowVersion, right: SlowVersion) -> int:
    """Returns -1, 0 or 1: whether left comes before, with or after right."""
    if left.numbers != right.numbers:
        return -1 if left.numbers < right.numbers else 1
    if not left.identifiers or not right.identifiers:
        return bool(right.identifiers) - bool(left.identifiers)
    for one, other in zip(left.identifiers, right.identifiers, strict=False):
        if one != other:
            return _before(one, other)
    return (len(left.identifiers) > len(right.identifiers)) - (len(left.identifiers) < len(right.identifiers))


def _before(one: str, other: str) -> int:
    if one.isdigit() and other.isdigit():
        return -1 if int(one) < int(other) else 1
    if one.isdigit() != other.isdigit():
        return -1 if one.isdigit() else 1
    return -1 if one < other else 1


def satisfies(text: str, written: str) -> bool:
    """Tells whether a version is in a range of comparators, separated by blanks or commas."""
    found = version(text)
    return all(_compares(found, part) for part in written.replace(",", " ").split())


def _compares(found: SlowVersion, comparator: str) -> bool:
    number = comparator.lstrip("<>=!^~")
    sign, bound = comparator[: len(comparator) - len(number)], version(number)
    order = precedence(found, bound)
    if sign in ("^", "~"):
        return order >= 0 and found.numbers < _ceiling(sign, bound)
    return {"": order == 0, "=": order == 0, "!=": order != 0, "<": order < 0, "<=": order <= 0}.get(
        sign, order > 0 if sign == ">" else order >= 0
    )


def _ceiling(sign: str, bound: SlowVersion) -> tuple[int, int, int]:
    """The first release, and all that leads up to it, that is left out."""
    major, minor, patch = bound.numbers
    if sign == "~":
        return (major + 1, 0, 0) if bound.written == 1 else (major, minor + 1, 0)
    if major or bound.written == 1:
        return (major + 1, 0, 0)
    if minor or bound.written == 2:
        return (0, minor + 1, 0)
    return (0, 0, patch + 1)
