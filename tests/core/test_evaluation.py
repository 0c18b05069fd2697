"""A compiled flag says what the definition says: against golden answers, and against an obvious second opinion."""

import json
from collections import Counter
from dataclasses import astuple
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from reliakit.core.counters import Missed
from reliakit.core.evaluation import Evaluation
from reliakit.core.tally import Tallies
from reliakit.definitions.compile import compile_snapshot
from reliakit.definitions.conditions import ConditionReader
from reliakit.definitions.explanation import explain
from reliakit.definitions.flags import FlagReader
from reliakit.definitions.models import Definitions
from tests.core.compiled import ask
from tests.core.documents import OPERANDS, VALUES, askers, documents
from tests.reference import Answer, Reference

_GOLDEN = json.loads((Path(__file__).parent / "golden" / "evaluation.json").read_text("utf-8"))


def _definitions(document: dict[str, Any]) -> Definitions:
    """Reads a document that must be one that somebody could load."""
    definitions = msgspec.convert(document, Definitions)
    reader = FlagReader(ConditionReader(definitions.segments))
    for key, flag in definitions.flags.items():
        reader.plan(key, flag)
    assert reader.problems == []
    return definitions


def _explained(found: Evaluation) -> Answer:
    return Answer(found.value, found.variant, found.reason.value, found.error_code and found.error_code.value)


def _missed(tallies: Tallies) -> dict[tuple[str, str, str], int]:
    """Returns what was missed, by (flag, attribute, how)."""
    return {astuple(name): total for name, total in tallies.counts().items() if isinstance(name, Missed)}


def _agree(document: Any, pinned: bool, seed: int) -> None:
    definitions, tallies = _definitions(document), Tallies()
    pins: dict[str, tuple[str | None, Any]] = {"f0": ("on", True), "ghost": (None, 4)} if pinned else {}
    flags = compile_snapshot(definitions, tallies).flags.overridden(pins)
    missed: Counter[tuple[str, str, str]] = Counter()
    for user, attributes in askers(document, Random(seed), 40):
        for key in definitions.flags:
            found = ask(flags, key, user, attributes)
            assert found == Reference(document, user, attributes, pins, missed).evaluate(key), (
                user,
                attributes,
            )
            assert _explained(explain(definitions, key, user, attributes, pins).evaluation) == found
            event(f"{found.reason} {found.error}")
    assert _missed(tallies) == missed


@pytest.mark.timeout(600)  # to find the smallest example, should there be one
@settings(max_examples=150)
@given(documents(), st.booleans(), st.integers(0, 2**32))
def test_compiled_flags_agree_with_the_reference_and_with_their_explanation(document, pinned, seed):
    """Otherwise somebody gets a feature that the file denies them, and `explain` says that they don't have it."""
    _agree(document, pinned, seed)


@pytest.mark.soak
@settings(max_examples=5_000, suppress_health_check=list(HealthCheck))
@given(documents(), st.booleans(), st.integers(0, 2**32))
def test_compiled_flags_agree_over_thousands_of_documents(document, pinned, seed):
    """Otherwise what three hundred documents don't meet, the users' thousands do."""
    _agree(document, pinned, seed)


_SHAPES = {
    "alone": lambda test: test,
    "negated": lambda test: {"not": test},
    "one of two": lambda test: {"any": [test, {"other": "x"}]},
    "one of two, negated": lambda test: {"not": {"all": [test, {"other": "y"}]}},
}


@pytest.mark.parametrize("shape", _SHAPES)
@pytest.mark.parametrize("operator", OPERANDS)
def test_every_operator_agrees_with_the_reference_on_every_kind_of_value(operator, shape):
    """Otherwise an attribute of an unforeseen kind, or none, puts somebody on the wrong side of a rule."""
    for operand in OPERANDS[operator]:
        rules = [{"if": _SHAPES[shape]({"it": {operator: operand}})}]
        document, tallies = {"format": 1, "flags": {"flag": {"rules": rules}}}, Tallies()
        flags = compile_snapshot(_definitions(document), tallies).flags
        missed: Counter[tuple[str, str, str]] = Counter()
        for context in [{}, *({"it": value, "other": "x"} for value in VALUES), *({"it": v} for v in VALUES)]:
            wanted = Reference(document, "u", context, {}, missed).evaluate("flag")
            assert ask(flags, "flag", "u", context) == wanted, (operand, context)
            assert _missed(tallies) == missed, (operand, context)


_CASES = [
    pytest.param(group, case, id=f"{group['about']}: {case!a}")
    for group in _GOLDEN
    for case in group["cases"]
]


@pytest.mark.parametrize(("group", "case"), _CASES)
def test_a_flag_answers_as_it_always_did(group, case):
    """Otherwise an upgrade changes who sees what, without a line of the file having changed."""
    document = {"format": 1, "flags": group["flags"], "segments": group.get("segments", {})}
    key, user, context = case.get("flag", "it"), case.get("user"), case.get("context", {})
    found = ask(compile_snapshot(_definitions(document), Tallies()).flags, key, user, context)
    wanted = Answer(case.get("value"), case.get("variant"), case["reason"], case.get("error"))
    assert found == wanted
    assert Reference(document, user, context).evaluate(key) == wanted
