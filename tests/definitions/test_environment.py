"""`env:NAME` values."""

from collections.abc import Mapping
from typing import Annotated, Any

import pytest
from msgspec import Meta, Struct

from reliakit.definitions.documents import Document, read, run
from reliakit.definitions.environment import substitute
from reliakit.definitions.problems import Problem
from reliakit.definitions.validation import convert


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    text: str = "default"
    number: Annotated[float, Meta(ge=0, le=100)] = 1
    switch: bool = False
    maybe: int | None = 7
    texts: tuple[str, ...] = ()
    anything: Any = None
    named: dict[str, int] = {}


class Needed(Struct, frozen=True):
    text: str


def _settings(text: str, environ: Mapping[str, str]) -> tuple[Settings | None, list[Problem]]:
    document, problems = run(read(text, "x.yaml"))
    assert document is not None
    assert not problems
    data, missing = substitute(document, environ)
    settings, wrong = convert(data, Settings, locate=lambda path: ("x.yaml", document.line(path)))
    return settings, [*missing, *wrong]


def test_a_value_becomes_what_its_place_wants() -> None:
    """Otherwise a numeric password is no text, or a port is no number."""
    text = "{text: env:N, number: env:N, switch: env:B, maybe: env:N, texts: [env:N, env:B], anything: env:N}"
    settings, problems = _settings(text, {"N": "10", "B": "true"})
    assert not problems
    assert settings == Settings("10", 10.0, True, 10, ("10", "true"), 10)


@pytest.mark.parametrize("name", ["x.yaml", "x.json", "x.toml"])
def test_every_format_and_depth_is_looked_at(name: str) -> None:
    """Otherwise a reference deep in a list stays the text `env:…`."""
    texts = {
        "x.yaml": "a: {b: [{c: env:X}]}\nd: &d [env:X]\ne: *d\nf: 'env:X'",
        "x.json": '{"a": {"b": [{"c": "env:X"}]}, "d": ["env:X"], "e": ["env:X"], "f": "env:X"}',
        "x.toml": "a = {b = [{c = 'env:X'}]}\nd = ['env:X']\ne = ['env:X']\nf = 'env:X'",
    }
    document, _ = run(read(texts[name], name))
    assert document is not None
    data, problems = substitute(document, {"X": "y"})
    assert not problems
    assert data == {"a": {"b": [{"c": "y"}]}, "d": ["y"], "e": ["y"], "f": "y"}


def test_data_that_never_was_text_is_looked_at_too() -> None:
    """Otherwise definitions given as a dict could not use the environment."""
    assert substitute(Document("memory", {"a": ["env:X"]}), {"X": "y"}) == ({"a": ["y"]}, [])


def test_keys_and_other_texts_stay() -> None:
    """Otherwise text that merely mentions env: would change."""
    document = Document("memory", {"env:X": "see env:X", "b": "environment"})
    assert substitute(document, {"X": "y"}) == ({"env:X": "see env:X", "b": "environment"}, [])


@pytest.mark.parametrize(("environ", "state"), [({}, "not set"), ({"X": ""}, "empty")])
def test_a_missing_variable_is_named_with_both_ways_to_mend_it(environ: dict[str, str], state: str) -> None:
    """Otherwise a deployment without the variable runs on half a configuration."""
    _, problems = _settings("switch: true\ntext: env:X", environ)
    assert [str(problem) for problem in problems] == [
        f"x.yaml:2: text: the environment variable X is {state} (set it, or give a default: env:X|default)"
    ]


def test_a_missing_variable_for_a_required_key_is_reported_once() -> None:
    """Otherwise a second message sends its reader to add a key that is there."""
    data, problems = substitute(Document("memory", {"text": "env:X"}), {})
    assert len(problems) == 1
    assert convert(data, Needed) == (None, [])


def test_a_variable_that_is_not_text_is_reported() -> None:
    """Otherwise a byte that is not UTF-8 ends the reload in an exception."""
    _, problems = _settings("text: env:X", {"X": "\udcff"})
    assert [problem.message for problem in problems] == ["the environment variable X is not UTF-8 text"]


@pytest.mark.parametrize("text", ["env:", "env:9A", "env:${X}", "env: X"])
def test_a_reference_without_a_name_is_refused(text: str) -> None:
    """Otherwise a slip becomes the text of a setting."""
    _, problems = _settings(f"text: '{text}'", {})
    assert len(problems) == 1
    assert "expected the name of an environment variable after env:" in str(problems[0])


def test_a_default_stands_in() -> None:
    """Otherwise every variable has to be set everywhere."""
    settings, problems = _settings("{number: env:X|5, text: 'env:Y|a|b'}", {"X": ""})
    assert not problems
    assert settings == Settings(number=5, text="a|b")


def test_an_empty_default_means_as_if_not_written() -> None:
    """Otherwise an optional setting could not be left to the environment."""
    settings, problems = _settings("{text: env:X|, maybe: env:X|, texts: [a, env:X|], number: env:X|}", {})
    assert not problems
    assert settings == Settings(maybe=None, texts=("a",))


def test_an_empty_default_of_a_required_key_leaves_it_missing() -> None:
    """Otherwise a required setting could be empty without a word."""
    data, _ = substitute(Document("memory", {"text": "env:X|"}), {})
    value, problems = convert(data, Needed)
    assert value is None
    assert [problem.message for problem in problems] == ['the key "text" is missing']


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("number: env:SECRET", "number: expected a number from 0 to 100, got text from the environment variable SECRET"),
        ("named: {a: env:SECRET}", "named.a: expected a whole number, got text from the environment variable SECRET"),
        ("named: env:SECRET", "named: expected a mapping, got text from the environment variable SECRET"),
        ("number: env:LARGE", "number: expected a number from 0 to 100, got a number from the environment variable LARGE"),
    ],
)  # fmt: skip
def test_the_value_of_a_variable_is_never_shown(text: str, told: str) -> None:
    """Otherwise a misplaced password ends up in the logs."""
    settings, problems = _settings(text, {"SECRET": "hunter2", "LARGE": "4711"})
    assert settings is None
    assert [str(problem) for problem in problems] == [f"x.yaml:1: {told}"]


def test_repr_of_substituted_data_hides_values() -> None:
    """Otherwise logging the data of a document would log its secrets."""
    data, _ = substitute(Document("memory", {"a": "env:X"}), {"X": "hunter2"})
    assert "hunter2" not in repr(data)


def test_what_reads_no_environment_is_not_copied() -> None:
    """Otherwise one reference makes a reload copy thousands of flags in one go."""
    document, _ = run(read("a: env:X\nb: {c: [1, 2]}", "x.yaml"))
    assert document is not None
    assert substitute(document, {"X": "1"})[0]["b"] is document.data["b"]
