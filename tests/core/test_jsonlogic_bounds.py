"""No definition and no context can hang a request or make it raise."""

import json
from time import perf_counter
from typing import Any

import pytest

from reliakit.core.counters import Counters
from reliakit.core.evaluation import ErrorCode, Withheld
from reliakit.core.targeting import TargetingPlan

HUGE = list(range(200_000))
ITEMS = [[*range(1, 60)]]
ACCUMULATOR, CURRENT = {"var": "accumulator"}, {"var": "current"}
GREEDY = {
    "loops in loops": {"map": [{"var": "huge"}, {"map": [[HUGE[:2000]], {"some": [{"var": ""}, False]}]}]},
    "a loop over a huge context": {"filter": [{"var": "huge"}, {"==": [{"%": [{"var": ""}, 7]}, 8]}]},
    "a text that doubles": {"reduce": [*ITEMS, {"cat": [ACCUMULATOR, ACCUMULATOR]}, "x"]},
    "a list that doubles": {"reduce": [*ITEMS, {"merge": [ACCUMULATOR, ACCUMULATOR]}, [1]]},
    "a number that squares": {"reduce": [*ITEMS, {"*": [ACCUMULATOR, ACCUMULATOR]}, 3]},
    "shared lists as text": {"cat": {"reduce": [*ITEMS, [ACCUMULATOR, ACCUMULATOR], 0]}},
    "shared lists compared": {
        "===": [{"reduce": [*ITEMS, [ACCUMULATOR, ACCUMULATOR], 0]}, {"reduce": [*ITEMS, [ACCUMULATOR] * 2, 0]}]
    },
    "shared lists looked for": {
        "in": [{"reduce": [*ITEMS, [ACCUMULATOR] * 2, 0]}, {"map": [[1, 2], {"reduce": [*ITEMS, [ACCUMULATOR] * 2, 0]}]}]
    },
    "shared lists hashed": {"fractional": [{"cat": [{"reduce": [*ITEMS, [ACCUMULATOR] * 2, 0]}]}, ["on", 1]]},
}  # fmt: skip


def asked(targeting: Any, attributes: dict[str, Any], generation: int = 1) -> Any:
    variants = {"on": True}
    plan = TargetingPlan("f", variants, None, float, targeting=targeting, generation=generation)
    evaluate = plan.compiled(lambda key: None, Counters())
    begun = perf_counter()
    answer = evaluate("u", attributes)
    assert perf_counter() - begun < 5.0, "a request would wait for this"
    return answer


@pytest.mark.parametrize("written", GREEDY.values(), ids=GREEDY.keys())
def test_what_would_take_for_ever_is_an_error_soon(written):
    answer = asked(written, {"huge": HUGE})
    assert isinstance(answer, Withheld)
    assert answer.code is ErrorCode.GENERAL


@pytest.mark.parametrize("generation", [1, 2])
def test_a_value_with_itself_inside_is_an_error_soon(generation):
    inside: list[Any] = []
    inside.append(inside)
    mapping = {"x": inside}
    for written in (
        {"cat": {"var": "a"}},
        {"===": [{"var": "a"}, {"var": "b"}]},
        {"fractional": [{"var": "c"}, ["on", 1]]},
    ):
        other: list[Any] = []
        other.append(other)
        assert isinstance(asked(written, {"a": inside, "b": other, "c": mapping}, generation), Withheld)


def test_a_thousand_groups_of_a_user_are_not_too_much():
    groups = [{"name": f"group-{number}", "role": "member"} for number in range(1000)]
    rule = {"and": [{"==": [{"var": "name"}, "group-999"]}, {"in": [{"var": "role"}, ["admin", "member"]]}]}
    answer = asked({"if": [{"some": [{"var": "groups"}, rule]}, "on"]}, {"groups": groups})
    assert answer.variant == "on"


class Hostile:
    """An object of a caller that raises whatever one does with it."""

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no")

    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> bool:
        raise RuntimeError("no")

    def __str__(self) -> str:
        raise RuntimeError("no")


@pytest.mark.parametrize(
    "operator", ["==", "===", "in", "cat", "+", "<", "!", "fractional", "sem_ver", "substr", "map"]
)
def test_an_object_that_raises_is_an_error_of_its_flag_alone(operator):
    for attributes in ({"a": Hostile()}, {"a": [Hostile()]}, {"a": {"b": Hostile()}}):
        for arguments in ([{"var": "a"}, 1, 2], ["x", {"var": "a"}], {"var": "a.b"}):
            answer = asked({operator: arguments}, attributes)
            assert isinstance(answer, Withheld)


def test_logic_as_deep_as_a_document_can_be_is_evaluated():
    """A frame for each level, in a server whose own stack is deep already."""
    written: Any = "on"
    for _ in range(30):
        written = {"if": [True, written]}
    assert asked(written, {}).variant == "on"
    assert json.dumps(written).count("[") == 30
