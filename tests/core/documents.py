"""Random flag documents, and whoever might ask for them."""

from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from random import Random
from types import MappingProxyType
from typing import Any, NoReturn
from uuid import UUID

from hypothesis import strategies as st

__all__ = ["OPERANDS", "VALUES", "askers", "documents"]

_ATTRIBUTES = ("plan", "age", "app_version", "since", 'it\'s "odd"\n{k1}', "targeting_key")
_USERS = ("user-1", "user-2", "42", "zoë", "", "\ud800")
_TEXTS = ("pro", "team", "prototype", "US", "DE", "", "a", "aaab", "ß", "\ud800", "2.3.0", "1", "true")
_NUMBERS = (0, 1, -1, 18, 2**70, 0.5, 1.0, 99.5)
_VERSIONS = (
    "2.3.0",
    "2.3",
    "2",
    "2.4.0-rc.1",
    "v2.3.9",
    "0.0.3",
    "1.10.0+build.7",
    "3.0.0-0",
    "2.3.x",
    "01.2.3",
)
_MOMENTS = ("2026-01-01", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00+02:00", "2025-12-31T23:59:59.5")


class Colour(StrEnum):
    """Text that is not quite a `str`."""

    PRO = "pro"
    RED = "red"


class Hostile:
    """An attribute that fails whatever is asked of it."""

    def _refuse(self, *_: object) -> NoReturn:
        raise RuntimeError("no")

    __eq__ = __hash__ = __bool__ = __len__ = __iter__ = __contains__ = _refuse
    __lt__ = __gt__ = __le__ = __ge__ = __str__ = __index__ = _refuse

    def __repr__(self) -> str:
        return "Hostile()"


class Uneasy(float):
    """A number whose comparisons give an answer that is neither true nor false."""

    def _shrug(self, _: object) -> Hostile:
        return Hostile()

    __lt__ = __gt__ = __le__ = __ge__ = _shrug  # type: ignore[assignment]


_ODD: tuple[Any, ...] = (
    None, True, False, float("nan"), float("inf"), b"pro", (), ("pro",), ["pro", "a"], [], {"pro"}, frozenset({"DE"}),
    {"pro": 1}, [Hostile(), "pro"], object(), Hostile(), Uneasy(20), Colour.PRO, Colour.RED, Decimal("18"), UUID(int=7),
    "pro" * 1000, 10**400, date(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC), datetime.min.replace(tzinfo=UTC),
    datetime(2026, 1, 2),  # noqa: DTZ001 - naive ones are UTC
    datetime.max.replace(tzinfo=timezone(timedelta(hours=-12))),
)  # fmt: skip

_scalars = st.sampled_from((*_TEXTS, *_NUMBERS, True, False))
_texts = st.sampled_from([text for text in _TEXTS if text])
_lists = st.lists(_scalars, max_size=3) | st.sampled_from([[1, True], [0, False], ["1", 1], [True, "true"]])
_NUMBERS_TOO = [0, 1, -1, 18, 0.5, 99.5, 2**70]
_PARTS = ["pro", "a", "ß", "\ud800", ["pro", "US"], ["1", "true"]]
OPERANDS: dict[str, list[Any]] = {
    "equals": ["pro", "", "ß", "\ud800", 1, 1.0, True, False, 2**70],
    "not_equals": ["pro", "", "ß", "\ud800", 1, 0.5, True, False],
    "in": [[], ["pro", "US"], [1, True], [0, False], ["1", 1], [True, "true"], [18, 0.5]],
    "not_in": [[], ["pro", "US"], [1, True], [0, False], ["1", 1], [True, "true"], [18, 0.5]],
    "gt": _NUMBERS_TOO,
    "gte": _NUMBERS_TOO,
    "lt": _NUMBERS_TOO,
    "lte": _NUMBERS_TOO,
    "starts_with": _PARTS,
    "ends_with": _PARTS,
    "contains": _PARTS,
    "not_contains": _PARTS,
    "matches": ["^pro", "a+b", "[0-9]", "pro|team", "(aa)+", "^$", "ß"],
    "semver": [
        *(">=2.3.0", "^2.3", "~2.3.0", "<3, >=2", "2.3.0", "!=2.3.0 >0.0.2", "^0.0.3", "^0.0", "^0", "~2"),
        *(">2.4.0-beta <=3.0.0-0", "^0+a.b", "~1+a.b", "=1.10.0+x", "^1.10.0-rc.1"),
    ],
    "before": list(_MOMENTS),
    "after": list(_MOMENTS),
    "present": [True],
    "absent": [True],
}
"""Each operator with operands that it accepts."""

_operator = st.sampled_from([(name, operand) for name, operands in OPERANDS.items() for operand in operands])
_operators = st.lists(_operator, min_size=1, max_size=2).map(dict)
_tests = _operators | _operators | _scalars | _lists | st.lists(_texts, min_size=1, max_size=3)


def _conditions(segments: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    leaf: st.SearchStrategy[dict[str, Any]]
    leaf = st.dictionaries(st.sampled_from(_ATTRIBUTES), _tests, min_size=1, max_size=3) | st.just({})
    if segments:
        names = st.sampled_from(segments)
        leaf |= st.fixed_dictionaries({"segment": names | st.lists(names, min_size=1, max_size=2)})

    def around(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
        combined = [inner.map(lambda part: {"not": part})]
        for word in ("any", "all"):
            several = st.lists(inner, min_size=1, max_size=3)
            combined.append(st.builds(lambda parts, other, word=word: {word: parts, **other}, several, leaf))
        return st.one_of(combined)

    return leaf | around(leaf) | around(around(leaf))


_percentages = st.sampled_from((0, 0.1, 10, 50, 99.9, 100)) | st.floats(0, 100)
_shares = st.sampled_from((0, 1, 1, 33.3, 50))


@st.composite
def _served(draw: st.DrawFn, variants: list[str] | None, whole: str) -> dict[str, Any]:
    """A part of a flag or rule that says what is served; `whole` is the key for serving one variant to all."""
    names = st.sampled_from(variants or ["on", "off"])
    kind = draw(st.sampled_from(["split", whole, "percentage", "nothing"]))
    if kind == "split":
        split = draw(st.dictionaries(names, _shares, min_size=1))
        return {"split": split} if sum(split.values()) > 0 else {"split": dict.fromkeys(split, 1)}
    if kind == whole or (variants is not None and whole == "value"):
        return {whole: draw(names if variants else names | st.booleans())}
    return {"percentage": draw(_percentages)} if kind == "percentage" and variants is None else {}


@st.composite
def _flags(draw: st.DrawFn, segments: list[str], earlier: dict[str, list[str] | None]) -> dict[str, Any]:
    variants = draw(
        st.none() | st.lists(st.sampled_from(["plain", "loud", "on", "2.10"]), min_size=1, unique=True)
    )
    values = st.sampled_from(["#444", 4, 4.5, True, None, ["x"], {"y": [1]}])
    flag: dict[str, Any] = draw(_served(variants, "otherwise"))
    names = st.sampled_from(variants or ["on", "off"])
    if variants is not None:
        flag["variants"] = {name: draw(values) for name in variants}
    optional = {"enabled": st.booleans(), "default": names, "salt": st.sampled_from(["s", "ß"])}
    flag |= draw(st.fixed_dictionaries({}, optional=optional))
    if earlier:
        wanted = draw(st.lists(st.sampled_from(list(earlier)), unique=True, max_size=2))
        flag["prerequisites"] = {key: draw(_wanted(earlier[key])) for key in wanted}
    listed = draw(st.dictionaries(st.sampled_from((*_USERS, 42)).map(str), names, max_size=2))
    if listed:
        flag["allowlist"] = {
            name: [user for user in listed if listed[user] == name] for name in listed.values()
        }
    rule = st.builds(
        lambda if_, served: {"if": if_, **served}, _conditions(segments), _served(variants, "value")
    )
    flag["rules"] = draw(st.lists(rule, max_size=3))
    return flag


def _wanted(variants: list[str] | None) -> st.SearchStrategy[Any]:
    return st.sampled_from(variants) if variants else st.sampled_from(["on", "off", True, False])


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """A valid document of one to four flags, `f0` to `f3`, which may require those before them."""
    segments: dict[str, Any] = {}
    for name in draw(st.sampled_from([[], ["staff"], ["staff", "europe"]])):
        segments[name] = draw(_conditions(list(segments)))
    flags: dict[str, Any] = {}
    known: dict[str, list[str] | None] = {}
    for number in range(draw(st.integers(1, 4))):
        flag = draw(_flags(list(segments), known))
        flags[f"f{number}"] = flag
        known[f"f{number}"] = list(flag["variants"]) if "variants" in flag else None
    return {"format": 1, "segments": segments, "flags": flags}


VALUES = (*_TEXTS, *_NUMBERS, *_VERSIONS, *_MOMENTS, *_ODD)


def askers(
    document: dict[str, Any], random: Random, many: int
) -> Iterator[tuple[str | None, Mapping[str, Any]]]:
    """Yields targeting keys and attributes, many of them such as the document asks for."""
    telling = [*_operands(document), *VALUES]
    for _ in range(many):
        names = [name for name in _ATTRIBUTES if random.random() < 0.8]
        given = {name: random.choice(telling) for name in names}
        kind: Callable[[dict[str, Any]], Mapping[str, Any]] = random.choice(
            (dict, MappingProxyType, ChainMap)
        )
        yield random.choice((None, *_USERS)), kind(given)


def _operands(part: Any) -> Iterator[Any]:
    if isinstance(part, dict | list):
        for inside in part.values() if isinstance(part, dict) else part:
            yield from _operands(inside)
    else:
        yield part
