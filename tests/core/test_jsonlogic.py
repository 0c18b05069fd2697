"""Every operator of JsonLogic, and those of flagd, on every kind of value: none means something else than in flagd."""

import logging
import sys
from collections.abc import Iterable, Iterator
from contextlib import redirect_stdout
from io import StringIO
from math import inf, nan
from random import Random
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openfeature.contrib.tools.flagd.core.targeting import targeting
from openfeature.evaluation_context import EvaluationContext

from reliakit.core.jsonlogic.compiling import OPERATORS, compile_logic
from reliakit.core.jsonlogic.work import STEPS, Exhausted, Logic
from reliakit.core.targeting import context_of
from tests.definitions.flagd_documents import contexts, logic
from tests.definitions.flagd_reference import GENERATION, NOW

_MODULE = "openfeature.contrib.tools.flagd.core.targeting.targeting"
logging.getLogger("openfeature.contrib").disabled = True


@pytest.fixture(autouse=True, scope="module")
def same_time() -> Iterator[None]:
    """Both read one clock, and what flagd logs goes nowhere."""
    stopped = SimpleNamespace(time=lambda: NOW)
    with patch.object(sys.modules[_MODULE], "time", stopped), redirect_stdout(StringIO()):
        yield


def theirs(written: Any, user: str | None, attributes: dict[str, Any]) -> str:
    """What flagd's evaluator comes to, written out so that true is not 1; "failed" where it raises."""
    try:
        return repr(targeting("f", written, EvaluationContext(user, attributes)))
    except Exception:
        return "failed"


def ours(written: Any, user: str | None, attributes: dict[str, Any]) -> str:
    return came_to(compile_logic(written, GENERATION).run, context_of("f", user, attributes, lambda: NOW))


def came_to(logic: Logic, data: dict[str, Any]) -> str:
    try:
        return repr(logic(data, [STEPS]))
    except Exhausted:
        raise
    except Exception:
        return "failed"


def agree(written: list[Any], asked: tuple[str | None, dict[str, Any]]) -> None:
    for each in written:
        assert ours(each, *asked) == theirs(each, *asked), (each, asked)


VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2, 3, 10, 0.5, -0.5, 1.0, -2.5, 2**70, 1e300, inf, -inf, nan, "", " ", "0", "1", "-1",
    "01", "1.0", " 2 ", "1e3", "inf", "-Infinity", "nan", "1_0", "true", "True", "null", "a", "b", "ab", "a,b", "a.b",
    "length", "1,2", "[object Object]", "äß", "😀x", "1.2.3", "v1.2", "V2", "2.0.0-rc.1", "1.2.3+b", "01.2.3", "=", "^",
    "~", ">=", [], [0], [1], [True], ["a"], ["1"], [None], [[]], [1, 2], ["a", "b"], [["a", 50], ["b", 50]], ["a", 50],
    ["a", 0], ["a", 1.0], ["a", True], ["a", -1], ["b"], ["x", 1, 2], {}, {"a": 1}, {"a": {"b": "x"}, "length": 0},
    {"a.b": 1, "0": "zero"}, ["targetingKey", "$flagd.flagKey", "nothing"],
)  # fmt: skip
FEW: tuple[Any, ...] = (
    None, True, 0, 1, -2, 1.5, inf, nan, "", "1", "-1", "abcdef", "1.2.3", "2.0.0-rc.1", "1.2.4", "=", "!=", "<", "<=", ">",
    ">=", "^", "~", "==", [], ["a", 1], ["b", 2], ["a", "b", "c"], {"a": 1},
)  # fmt: skip
A, B, C = {"var": "a"}, {"var": "b"}, {"var": "c"}
NAMES = sorted(OPERATORS)


def compare(written: Any, contexts: Iterable[dict[str, Any]]) -> None:
    node = compile_logic(written, GENERATION)
    for attributes in contexts:
        data = context_of("f", "user-1", attributes, lambda: NOW)
        assert came_to(node.run, data) == theirs(written, "user-1", attributes), (written, attributes)


@pytest.mark.parametrize("operator", NAMES)
def test_an_operator_means_the_same_for_every_pair_of_values(operator):
    """Texts that look like numbers, empty lists, infinities: nobody's rule turns around by coming here."""
    compare({operator: []}, [{}])
    compare({operator: A}, ({"a": value} for value in VALUES))
    pairs = [(one, other) for one in VALUES for other in FEW]
    compare({operator: [A, B]}, ({"a": one, "b": other} for one, other in pairs))
    compare({operator: [B, A]}, ({"a": one, "b": other} for one, other in pairs))


@pytest.mark.parametrize("operator", NAMES)
def test_an_operator_means_the_same_where_a_value_is_written_out(operator):
    """Which is nearly always, and has shortcuts of its own."""
    for written in VALUES:
        if not isinstance(written, dict):
            compare({operator: [A, written]}, ({"a": value} for value in (*FEW, written)))
            compare({operator: [written, A]}, ({"a": value} for value in FEW))


@pytest.mark.parametrize("operator", NAMES)
def test_an_operator_means_the_same_for_three_values(operator):
    random = Random(operator)
    some = [[random.choice(FEW) for _ in "abc"] for _ in range(600)]
    compare({operator: [A, B, C]}, (dict(zip("abc", each, strict=True)) for each in some))
    compare({operator: [C, A, B, A]}, (dict(zip("abc", each, strict=True)) for each in some[:100]))


VERSIONS = (
    "1", "1.2", "1.2.3", "1.2.4", "1.3.0", "2.0.0", "v1.2.3", "V1.2.3", "vv1.2.3", "1.2.3-a", "1.2.3-a.1", "1.2.3-a.2",
    "1.2.3-1", "1.2.3-10", "1.2.3+b", "1-a", "1.2-a+b", "1.2.3.4", "1.2.", "01.2.3", "", "x", 1, 1.2, 1.0, True, None, -1,
    ["1.2.3"], "1.2.3-", "1.2.3-01", "10.0.0", " 1.2.3",
)  # fmt: skip
SIGNS = ("=", "!=", "<", "<=", ">", ">=", "^", "~", "==", "", None, 1, ["="])


@pytest.mark.parametrize("sign", SIGNS, ids=repr)
def test_versions_compare_the_same(sign):
    every = ({"a": one, "b": other} for one in VERSIONS for other in VERSIONS)
    compare({"sem_ver": [A, sign, B]}, every)
    for bound in VERSIONS:
        compare({"sem_ver": [A, sign, bound]}, ({"a": value} for value in VERSIONS))


PATHS: tuple[Any, ...] = (
    "a", "a.0", "a.1", "a.00", "a.01", "a.-1", "a.+1", "a. 1", "a.1.0", "a.b", "a.b.c", "a.length", "a.0.length", "a.",
    ".a", ".", "a..b", "a.٣", "a.1_0", "a.99999999999999999999999", "targetingKey", "targetingKey.0", "$flagd",
    "$flagd.flagKey", "$flagd.timestamp", "$flagd.nothing", "length", "0", 0, 1, 0.0, 1.5, -1, True, None, "", [], ["a"],
    {}, inf, nan,
)  # fmt: skip


@pytest.mark.parametrize("path", PATHS, ids=repr)
def test_a_path_leads_to_the_same(path):
    held = (
        *VALUES,
        ["x", "yz", ["w"]],
        {"b": {"c": 1}, "1": "one", "": {"b": 2}},
        {"b": None},
        list("abcdefghijkl"),
    )
    for written in ({"var": [path]}, {"var": [path, "otherwise"]}, {"missing": [path, "b"]}, {"var": [B, 7]}):
        compare(written, ({"a": value, "b": path, "": {"a": 1}} for value in held))


ITEM, ACCUMULATOR, CURRENT = {"var": ""}, {"var": "accumulator"}, {"var": "current"}
BODIES: tuple[Any, ...] = (
    ITEM, None, True, {"var": "a"}, {"var": 0}, {"!": ITEM}, {">": [ITEM, 1]}, {"cat": [ITEM, "x"]}, {"+": [ACCUMULATOR, CURRENT]},
    {"merge": [ACCUMULATOR, CURRENT]}, {"if": [CURRENT, CURRENT, ACCUMULATOR]}, {"/": [1, ITEM]}, [ITEM, 1],
    {"fractional": [["a", 1]]}, {"missing": ["a", ""]},
)  # fmt: skip


@pytest.mark.parametrize("operator", ["map", "filter", "reduce", "all", "some", "none"])
@pytest.mark.parametrize("body", BODIES, ids=repr)
def test_a_loop_means_the_same_for_every_list(operator, body):
    lists = [*VALUES, [1, 2, 3], [3, 0, None], [True, "a", {"a": 1}], [{"a": 0}, {"a": 2}], [[1], [2, [3]]]]
    compare({operator: [A, body]}, ({"a": value} for value in lists))
    compare({operator: [A, body, {"var": "a"}]}, ({"a": value} for value in lists))
    compare({operator: [A, body, 5]}, ({"a": value} for value in lists))


CALLS = st.lists(logic().filter(lambda written: isinstance(written, dict)), min_size=1, max_size=6)


@given(CALLS, contexts())
@settings(max_examples=60, suppress_health_check=list(HealthCheck))
def test_a_rule_means_what_it_means_in_flagd(written, asked):
    agree(written, asked)


@pytest.mark.soak
@given(CALLS, contexts())
@settings(max_examples=20_000, suppress_health_check=list(HealthCheck))
def test_twenty_thousand_rules_mean_what_they_mean_in_flagd(written, asked):
    agree(written, asked)
