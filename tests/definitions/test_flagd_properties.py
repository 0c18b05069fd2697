"""Random flagd documents: users who bring their flags from flagd get the answers that flagd gave."""

import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reliakit.core.tally import Tallies
from reliakit.definitions.compile import compile_snapshot
from reliakit.definitions.explanation import explain
from tests.definitions.flagd_documents import contexts, documents
from tests.definitions.flagd_reference import GENERATION, NOW, Found, Ours, Theirs
from tests.definitions.loaded import loaded

KINDS: Mapping[str, Any] = {
    "boolean": False, "string": "default", "integer": -7, "float": -7.5, "object": {"default": 1},
}  # fmt: skip
SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much)


def a_bool_is_no_number(kind: str, theirs: Found, ours: Found) -> bool:
    """flagd's evaluator serves true as 1.0 to who asks for a float; to us that is a mistake somebody wants to know."""
    return kind == "float" and theirs.value in (0.0, 1.0) and ours.error == "TYPE_MISMATCH"


def a_list_is_no_mapping(kind: str, theirs: Found, ours: Found) -> bool:
    """An object in OpenFeature is either; who asks us with a mapping as the default gets no list."""
    return kind == "object" and isinstance(theirs.value, list) and ours.error == "TYPE_MISMATCH"


JUSTIFIED: tuple[Callable[[str, Found, Found], bool], ...] = (a_bool_is_no_number, a_list_is_no_mapping)
"""All the differences that there may be."""


def agree(document: dict[str, Any], asked: tuple[str | None, dict[str, Any]]) -> None:
    """Every flag, asked for every type, gives the same value, variant, reason, error code and metadata."""
    theirs, ours = Theirs(deepcopy(document)), Ours({"bucketing": GENERATION, **document})
    user, attributes = asked
    for key in document["flags"]:
        for kind, default in KINDS.items():
            expected = theirs.ask(key, kind, default, user, deepcopy(attributes))
            found = ours.ask(key, default, user, attributes)
            if same(found, expected) or any(holds(kind, expected, found) for holds in JUSTIFIED):
                continue
            raise AssertionError(
                f"{key} as {kind}\nflagd {expected}\nwe    {found}\n{json.dumps(document)}\n{asked}"
            )
        told = explain(ours.definitions, key, user, attributes, {}, lambda: NOW)
        assert told.steps


def same(found: Found, expected: Found) -> bool:
    """Python's own equality takes true for 1, which no reader of a flag would."""
    return found == expected and repr(found.value) == repr(expected.value)


@given(documents(), contexts())
@settings(max_examples=50, suppress_health_check=SLOW)
def test_who_moves_from_flagd_gets_the_same_answers(document, asked):
    agree(document, asked)


@pytest.mark.soak
@given(documents(), contexts())
@settings(max_examples=10_000, suppress_health_check=SLOW)
def test_who_moves_from_flagd_gets_the_same_answers_ten_thousand_times(document, asked):
    agree(document, asked)


JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=4)
    | st.sampled_from(("if", "var")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)


def places(part: Any) -> list[tuple[Any, Any]]:
    """Every container of a document with each of its keys."""
    found = []
    for step in list(part) if isinstance(part, dict) else range(len(part)) if isinstance(part, list) else ():
        found += [(part, step), *places(part[step])]
    return found


@st.composite
def mutated(draw: Any) -> dict[str, Any]:
    """A document in which up to four places hold something else, or nothing, or each other's content."""
    document = {"format": "flagd", "bucketing": draw(st.sampled_from((1, 2))), **draw(documents())}
    for _ in range(draw(st.integers(1, 4))):
        container, step = draw(st.sampled_from(places(document)))
        other, where = draw(st.sampled_from(places(document)))
        kind = draw(st.integers(0, 2))
        if kind == 0:
            del container[step]
        else:
            container[step] = draw(JUNK) if kind == 1 else deepcopy(other[where])
        if not places(document):
            break
    return document


def survives(document: dict[str, Any], asked: tuple[str | None, dict[str, Any]]) -> None:
    """Loading says where each problem is; whatever is left of the document answers, and can be explained."""
    result = loaded(json.dumps(document), "x.flagd.json")
    assert all(problem.line for problem in (*result.problems, *result.warnings))
    if result.definitions is None:
        assert result.problems
        return
    flags, (user, attributes) = compile_snapshot(result.definitions, Tallies()).flags, asked
    for key in result.definitions.flags:
        evaluate = flags.find(key)
        assert evaluate is not None
        assert evaluate(user, attributes) is not None
        assert explain(result.definitions, key, user, attributes, {}).steps


@given(mutated(), contexts())
@settings(max_examples=50, suppress_health_check=SLOW)
def test_a_mistake_in_a_document_raises_nothing(document, asked):
    survives(document, asked)


@pytest.mark.soak
@given(mutated(), contexts())
@settings(max_examples=10_000, suppress_health_check=SLOW)
def test_ten_thousand_mistakes_raise_nothing(document, asked):
    survives(document, asked)
