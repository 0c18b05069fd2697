"""The JSON Schema and the loader, on the same documents."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path as File
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from reliakit.definitions.analysis_models import GuardSection
from reliakit.definitions.documents import Document, read, run
from reliakit.definitions.loading import load
from reliakit.definitions.models import Definitions
from reliakit.definitions.operators import OPERATORS
from reliakit.definitions.schema import schema

CORPUS = File(__file__).parent / "corpus"
ENVIRON = {
    "APP_ENV": "production",
    "COOKIE_KEY": "a-secret-of-some-length",
    "COOKIE_DAYS": "30",
    "SHARE": "12.5",
}
VALIDATOR = Draft202012Validator(schema(), format_checker=FormatChecker())


def _files(folder: str) -> list[Any]:
    found = sorted((CORPUS / folder).iterdir())
    return [pytest.param(file, id=file.name) for file in found]


def _data(file: File) -> dict[str, Any]:
    document, problems = run(read(file.read_bytes(), file.name))
    assert not problems
    assert document is not None
    return document.data


def _refused(data: dict[str, Any]) -> list[str]:
    return [str(problem) for problem in run(load(Document("x", data), ENVIRON)).problems]


def _refused_by_schema(data: dict[str, Any]) -> list[str]:
    return [error.message for error in VALIDATOR.iter_errors(data)]


def test_the_schema_is_one() -> None:
    """Otherwise editors drop it without a word."""
    Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("file", _files("good"))
def test_both_accept_what_is_good(file: File) -> None:
    """Otherwise an editor underlines a document that runs, or a sound document is refused."""
    data = _data(file)
    assert _refused(data) == []
    assert _refused_by_schema(data) == []


@pytest.mark.parametrize("file", _files("bad-shape"))
def test_both_refuse_what_has_the_wrong_shape(file: File) -> None:
    """Otherwise an editor shows nothing wrong in a document that is refused later."""
    data = _data(file)
    assert _refused(data)
    assert _refused_by_schema(data)


@pytest.mark.parametrize("file", _files("bad-meaning"))
def test_what_no_schema_can_say_is_refused_by_the_loader_alone(file: File) -> None:
    """Otherwise a reference to nothing or a loop gets into force."""
    data = _data(file)
    assert _refused(data)
    assert _refused_by_schema(data) == []


def test_the_good_documents_use_every_key_and_operator() -> None:
    """Otherwise the agreement above says nothing about the keys that it leaves out."""
    written = _keys([_data(file) for file in (CORPUS / "good").iterdir()])
    keys = {field.encode_name for model in _models() for field in msgspec.structs.fields(model)}
    assert keys | OPERATORS.keys() | {"any", "all", "not", "segment"} <= written


def _models() -> Iterator[type[msgspec.Struct]]:
    """Every model that a document can hold; nothing leads to a guard's, for a guard has keys beside its own."""
    for model in (Definitions, GuardSection):
        yield from (node.cls for node in _nodes(msgspec.inspect.type_info(model)))


def _nodes(node: Any) -> Iterator[msgspec.inspect.StructType]:
    if isinstance(node, msgspec.inspect.StructType):
        yield node
    inside = [getattr(node, name) for name in getattr(node, "__struct_fields__", ())]
    for part in [each for value in inside for each in (value if isinstance(value, tuple) else (value,))]:
        if isinstance(part, msgspec.inspect.Type | msgspec.inspect.Field):
            yield from _nodes(part)


def _keys(data: Any) -> set[str]:
    inside = data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    return set(data if isinstance(data, dict) else ()).union(*map(_keys, inside))


MEANING = (
    "environment variable",
    "there is no ",
    "has no variant",
    "go round in a circle",
    "can't contain themselves",
    "nested deeper",
    "add up to 0",
    "expected one of ",
    "expected exactly one of ",
    "expected two slots",
    "expected on or off",
    "needs `value` or `split`",
    "needs to know which one",
    "can't have a percentage",
    "is listed for",
    "regular expression",
    "expected a range of versions",
    "expected a date such as 2026-11-23 or a time",
    "is a source, but",
    "is believed only from",
    "expected an address",
    "expected a status code",
    "is reserved",
    "belongs to",
    "compares with stable",
    "runs beside to compare with",
    "follows the last step",
    "nothing to judge",
    "weights must rise",
    "must exceed",
    "is a repetition of",
    "can't pass before",
    'the key "weight" is missing',
    "expected a weight above",
    "expected a percentage above",
    "expected a percentage below",
    "expected a duration above",
    "expected a rate below",
    "expected a ratio from",
    "expected a ratio above",
    "expected a ratio of",
    "expected `above` alone",
    "expected `below` alone",
)
"""Parts of what the loader says of things that no schema can see."""

SCALARS = st.sampled_from(
    [None, True, False, 0, 1, -1, 42, 101, 0.5, 1.0, 10**30, "", "a", "on", "app", "pro", "10", "env:X|1", "env:",
     "2026-11-23", "2026-02-30", "release", "in_process", "a b", "a\n", "x" * 30, "/", "503", "user",
     "10m", "0s", "1.4x", "20%", "canary", "blue_green", "ab", "auto", "sqlite"]
)  # fmt: skip
KEYS = st.sampled_from(
    ["", "a", "a b", "if", "any", "not", "segment", "in", "gt", "present", "percentage", "split", "variants", "rules",
     "default", "value", "flags", "keys", "header", "upstream", "slots", "weight", "percentge", "strategy", "steps", "gate", "analysis",
     "guards", "for", "p99", "error_rate", "metric", "above", "deadline", "match"]
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=2),
    max_leaves=4,
)
GOOD = {file.name: _data(file) for file in sorted((CORPUS / "good").iterdir())}


def _containers(data: Any) -> list[Any]:
    """Every mapping and list inside, the outermost first."""
    if not isinstance(data, dict | list):
        return []
    inside = data.values() if isinstance(data, dict) else data
    return [data, *(each for value in inside for each in _containers(value))]


def _delete(place: Any, at: Any, key: str, value: Any) -> None:
    del place[at]


def _retype(place: Any, at: Any, key: str, value: Any) -> None:
    place[at] = value


def _rename(place: Any, at: Any, key: str, value: Any) -> None:
    moved = place.pop(at)
    _insert(place, at, key, moved)


def _insert(place: Any, at: Any, key: str, value: Any) -> None:
    if isinstance(place, dict):
        place[key] = value
    else:
        place.insert(at, value)


@st.composite
def mutants(draw: Callable[..., Any]) -> dict[str, Any]:
    """A good document with one to three things changed at random."""
    data = deepcopy(GOOD[draw(st.sampled_from(sorted(GOOD)))])
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.sampled_from([each for each in _containers(data) if each] or [data]))
        if not place:
            break
        at = draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        change = draw(st.sampled_from((_delete, _retype, _rename, _insert)))
        change(place, at, draw(KEYS), deepcopy(draw(VALUES)))
    return data


@given(mutants())
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@example({})
@example({"format": 1, "flags": {"a": {"variants": None}}})
@example({"format": 1, "flags": {"a\n": {}}})
@example({"format": 1, "flags": {"a": {"description": "env:9"}}})
@example({"format": 1, "routes": [{"header": {"a": 1}, "upstream": "app"}]})
def test_they_agree_on_whatever_becomes_of_a_good_document(data: dict[str, Any]) -> None:
    """Otherwise some mistake is seen by the one and not by the other, and people stop trusting both."""
    refused, by_schema = _refused(data), _refused_by_schema(data)
    if by_schema:
        assert refused, by_schema
    else:
        shape = [problem for problem in refused if not any(words in problem for words in MEANING)]
        assert shape == [] or _unknowable(data)


def _unknowable(data: Any) -> bool:
    """Whether it holds what no schema can tell apart.

    That is 1.0, where the loader wants 1 for a whole number, and what kind of value the environment gives.
    """
    if isinstance(data, float):
        return data.is_integer()
    if isinstance(data, str):
        return data.startswith("env:")
    inside = data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    return any(map(_unknowable, inside))
