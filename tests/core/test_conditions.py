"""`all`, `any` and `not` over what is true, false and unknown."""

from itertools import product
from typing import Any

import pytest

from reliakit.core.conditions import AllOf, AnyOf, Attribute, Condition, Miss, Not, Present
from reliakit.core.operators import member

_TRUE, _FALSE, _UNKNOWN = "true", "false", "unknown"
_ANSWERS = {True: _TRUE, False: _FALSE, None: _UNKNOWN}
_CONTEXT = {_TRUE: "x", _FALSE: "y"}
_LEAVES: dict[str, Condition] = {name: Attribute(name, member(["x"])) for name in (_TRUE, _FALSE, _UNKNOWN)}

_AND = {
    (_TRUE, _TRUE): _TRUE, (_TRUE, _FALSE): _FALSE, (_TRUE, _UNKNOWN): _UNKNOWN,
    (_FALSE, _TRUE): _FALSE, (_FALSE, _FALSE): _FALSE, (_FALSE, _UNKNOWN): _FALSE,
    (_UNKNOWN, _TRUE): _UNKNOWN, (_UNKNOWN, _FALSE): _FALSE, (_UNKNOWN, _UNKNOWN): _UNKNOWN,
}  # fmt: skip
_OR = {
    (_TRUE, _TRUE): _TRUE, (_TRUE, _FALSE): _TRUE, (_TRUE, _UNKNOWN): _TRUE,
    (_FALSE, _TRUE): _TRUE, (_FALSE, _FALSE): _FALSE, (_FALSE, _UNKNOWN): _UNKNOWN,
    (_UNKNOWN, _TRUE): _TRUE, (_UNKNOWN, _FALSE): _UNKNOWN, (_UNKNOWN, _UNKNOWN): _UNKNOWN,
}  # fmt: skip
_NOT = {_TRUE: _FALSE, _FALSE: _TRUE, _UNKNOWN: _UNKNOWN}
_PAIRS = list(product(_NOT, repeat=2))


def _exactly(condition: Condition) -> str:
    return _ANSWERS[condition.holds("u", _CONTEXT, [])]


def _quickly(condition: Condition) -> bool | None:
    """Evaluates the fast expression as a compiled flag would; None where it hands over to the exact answer."""
    names: dict[str, Any] = {"user": "u", "attributes": _CONTEXT}

    def bind(value: Any) -> str:
        names[f"k{len(names)}"] = value
        return f"k{len(names) - 1}"

    source = condition.source(bind)
    try:
        return bool(eval(source, names))
    except LookupError:
        return None


@pytest.mark.parametrize("pair", _PAIRS)
def test_all_and_any_follow_kleene(pair):
    """Otherwise a rule applies to people of whom it is not known that it should."""
    parts = tuple(_LEAVES[name] for name in pair)
    assert _exactly(AllOf(parts)) == _AND[pair]
    assert _exactly(AnyOf(parts)) == _OR[pair]


@pytest.mark.parametrize("name", _NOT)
def test_not_keeps_the_unknown_unknown(name):
    """Otherwise `not: {country: US}` catches everyone whose country nobody knows."""
    assert _exactly(Not(_LEAVES[name])) == _NOT[name]
    assert _exactly(Not(Not(_LEAVES[name]))) == name


@pytest.mark.parametrize("pair", _PAIRS)
def test_de_morgan_holds(pair):
    """Otherwise rewriting a rule into an equal one changes who it is for."""
    one, other = (_LEAVES[name] for name in pair)
    assert _exactly(Not(AllOf((one, other)))) == _exactly(AnyOf((Not(one), Not(other))))
    assert _exactly(Not(AnyOf((one, other)))) == _exactly(AllOf((Not(one), Not(other))))


@pytest.mark.parametrize("pair", _PAIRS)
@pytest.mark.parametrize(
    "around", [AllOf, AnyOf, lambda parts: Not(AllOf(parts)), lambda parts: Not(AnyOf(parts))]
)
def test_the_fast_expression_answers_alike_or_hands_over(around, pair):
    """Otherwise the compiled flag and its explanation disagree."""
    condition = around(tuple(_LEAVES[name] for name in pair))
    quick = _quickly(condition)
    assert quick is None or _ANSWERS[quick] == _exactly(condition)


def test_nothing_to_hold_is_all_true_and_any_false():
    """Otherwise an empty rule, which is for everybody, is for nobody."""
    for condition, answer in ((AllOf(()), _TRUE), (AnyOf(()), _FALSE)):
        assert _exactly(condition) == answer
        assert _ANSWERS[_quickly(condition)] == answer


def test_what_comes_after_the_decision_is_not_looked_at():
    """Otherwise attributes are counted as missing that nobody needed."""
    for condition in (
        AllOf((_LEAVES[_FALSE], _LEAVES[_UNKNOWN])),
        AnyOf((_LEAVES[_TRUE], _LEAVES[_UNKNOWN])),
    ):
        missed: list[Miss] = []
        condition.holds("u", _CONTEXT, missed)
        assert missed == []


def test_every_miss_on_the_way_is_told():
    """Otherwise the metric of missing attributes shows only the first of them."""
    missed: list[Miss] = []
    AllOf((_LEAVES[_UNKNOWN], Attribute(_TRUE, member([4])), Attribute("list", member(["x"])))).holds(
        "u", {**_CONTEXT, "list": ["x"]}, missed
    )
    assert missed[0] == (_UNKNOWN, "missing")
    assert (
        AnyOf((_LEAVES[_UNKNOWN], Attribute("list", member(["x"])))).holds("u", {"list": ["x"]}, missed)
        is None
    )
    assert missed[-2:] == [(_UNKNOWN, "missing"), ("list", "mistyped")]


@pytest.mark.parametrize(
    ("context", "there"), [({"a": 0}, True), ({"a": ""}, True), ({"a": None}, False), ({}, False)]
)
def test_present_and_absent_are_always_known(context, there):
    """Otherwise nobody can write a rule for those of whom nothing is known."""
    assert Present("a", True).holds(None, context, []) is there
    assert Present("a", False).holds(None, context, []) is not there
