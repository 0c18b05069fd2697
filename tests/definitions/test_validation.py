"""Data to a model, or to every reason why not."""

from datetime import date
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import Meta, Struct

from reliakit.definitions.documents import read, run
from reliakit.definitions.problems import Problem
from reliakit.definitions.validation import convert

Percentage = Annotated[float, Meta(ge=0, le=100, description="a percentage from 0 to 100")]
Name = Annotated[str, Meta(pattern="^[a-z_]+$", description="a name of small letters")]


class Rule(Struct, frozen=True, forbid_unknown_fields=True, rename={"if_": "if"}):
    if_: dict[str, Any]
    percentage: Percentage | None = None


class Model(Struct, frozen=True, forbid_unknown_fields=True):
    format: Literal[1]
    name: Annotated[str, Meta(min_length=2, max_length=5)] = "ab"
    kind: Literal["release", "experiment", "ops"] | None = None
    created: date | None = None
    enabled: bool = True
    count: Annotated[int, Meta(gt=0, lt=10)] = 1
    factor: Annotated[float, Meta(ge=1)] = 1.0
    plain: float = 0.0
    percentage: Percentage | None = None
    variant: Annotated[bool | str, Meta(description="a variant's name, or on or off")] | None = None
    prerequisites: tuple[Name, ...] | dict[Name, bool] = ()
    split: Annotated[dict[Name, Percentage], Meta(min_length=1)] | None = None
    pair: tuple[int, str] | None = None
    few: Annotated[list[int], Meta(max_length=2)] = []
    header: dict[str, str | Literal[True]] = {}
    rules: tuple[Rule, ...] = ()
    secret: Annotated[str, Meta(min_length=16, extra={"secret": True})] | None = None
    anything: Any = None


def _told(text: str) -> list[str]:
    document, problems = run(read(f"format: 1\n{text}", "x.yaml"))
    assert document is not None
    assert not problems
    value, found = convert(document.data, Model, locate=lambda path: ("x.yaml", document.line(path)))
    assert (value is None) is bool(found)
    return [str(problem).removeprefix("x.yaml:") for problem in found]


def test_sound_data_becomes_a_model() -> None:
    """Otherwise nothing loads."""
    value, problems = convert(
        {"format": 1, "created": "2026-11-23", "rules": [{"if": {}, "percentage": 5}]}, Model
    )
    assert not problems
    assert value == Model(1, created=date(2026, 11, 23), rules=(Rule({}, 5.0),))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("percentage: ten", '2: percentage: expected a percentage from 0 to 100, got "ten"'),
        ("percentage: 101", "2: percentage: expected a percentage from 0 to 100, got 101"),
        ("percentage: '10'", '2: percentage: expected a percentage from 0 to 100, got "10" (write 10, without quotes)'),
        ("percentage: 10%", '2: percentage: expected a percentage from 0 to 100, got "10%" (write 10, without the % sign)'),
        ("percentage: true", "2: percentage: expected a percentage from 0 to 100, got true"),
        ("percentage: .nan", "2: percentage: expected a percentage from 0 to 100, got nan"),
        ("factor: .inf", "2: factor: expected a number of 1 or more, got inf"),
        ("factor: [1]", "2: factor: expected a number of 1 or more, got a list of 1 item"),
        ("count: 1.0", "2: count: expected a whole number above 0 and below 10, got 1.0"),
        ("count: 10", "2: count: expected a whole number above 0 and below 10, got 10"),
        ("count:", "2: count: expected a whole number above 0 and below 10, got nothing (null) (write a value after the colon, or take the key out)"),
        ("enabled: on", '2: enabled: expected true or false, got "on" (write true, without quotes)'),
        ("enabled: 1", "2: enabled: expected true or false, got 1"),
        ("name: x", '2: name: expected text of at least 2 and at most 5 characters, got "x"'),
        ("name: 2.10", '2: name: expected text of at least 2 and at most 5 characters, got 2.1 (put it in quotes: "2.1")'),
        ("name: {a: 1}", "2: name: expected text of at least 2 and at most 5 characters, got a mapping"),
        ("kind: relase", '2: kind: expected "experiment", "ops" or "release", got "relase" (did you mean "release"?)'),
        ("created: 2026-13-01", '2: created: expected a date such as 2026-11-23, got "2026-13-01"'),
        ("created: 20261123", '2: created: expected a date such as 2026-11-23, got 20261123 (put it in quotes: "20261123")'),
        ("variant: 3", '2: variant: expected a variant\'s name, or on or off, got 3 (put it in quotes: "3")'),
        ("prerequisites: a", '2: prerequisites: expected a list of texts or a mapping, got "a" (put it in a list: ["a"])'),
        ("prerequisites: [A]", '2: prerequisites[0]: expected a name of small letters, got "A"'),
        ("prerequisites: {A: true}", '2: prerequisites.A: expected a key that is a name of small letters, got "A"'),
        ("prerequisites: {a: 1}", "2: prerequisites.a: expected true or false, got 1"),
        ("split: {}", "2: split: expected at least 1 key, got 0"),
        ("split: {\n  a: 101}", "3: split.a: expected a percentage from 0 to 100, got 101"),
        ("pair: [1]", "2: pair: expected exactly 2 items, got 1"),
        ("pair: [1, 2]", '2: pair[1]: expected text, got 2 (put it in quotes: "2")'),
        ("few: [1, 2, 3]", "2: few: expected at most 2 items, got 3"),
        ("header: {a: false}", '2: header.a: expected text or true, got false (put it in quotes: "false")'),
        ("rules: {if: {}}", "2: rules: expected a list of mappings, got a mapping (write a list: start each item with `- `, or put the mapping in [ ])"),
        ("rules: [5]", "2: rules[0]: expected a mapping with the keys if, percentage, got 5"),
        ("rules:\n  -\n    percentage: 5", '4: rules[0]: the key "if" is missing (write `if:` followed by a mapping)'),
        ("rules:\n  - if: {}\n    percentge: 5", '4: rules[0].percentge: unknown key "percentge" (did you mean "percentage"?; known here: if, percentage)'),
        ("secret: hunter2", "2: secret: expected text of at least 16 characters, got text of 7 characters"),
        ("prerequisit: 1", '2: prerequisit: unknown key "prerequisit" (did you mean "prerequisites"?)'),
    ],
)  # fmt: skip
def test_a_problem_says_what_was_expected_what_was_found_and_what_to_do(text: str, told: str) -> None:
    """Otherwise a newcomer reads of Python types and has to guess."""
    assert _told(text) == [told]


def test_everything_wrong_is_told_at_once() -> None:
    """Otherwise mending a file takes one run per mistake."""
    text = "percentage: ten\nenabled: maybe\nrules: [{percentage: 200}, {if: 1}]\nunknown: 1"
    assert [told.split(":")[:2] for told in _told(text)] == [
        ["2", " percentage"],
        ["3", " enabled"],
        ["4", " rules[0].percentage"],
        ["4", " rules[0]"],
        ["4", " rules[1].if"],
        ["5", " unknown"],
    ]


def test_paths_start_where_the_data_stands() -> None:
    """Otherwise a flag that is checked on its own is reported without its name."""
    _, problems = convert({"if": 1}, Rule, path=("flags", "new checkout", "rules", 0))
    assert [str(problem) for problem in problems] == [
        'flags."new checkout".rules[0].if: expected a mapping, got 1'
    ]


def test_a_long_or_unprintable_text_is_shown_shortened_and_escaped() -> None:
    """Otherwise one bad value floods the log, or writes control codes to a terminal."""
    _, problems = convert({"if": "x" * 1000}, Rule)
    assert len(str(problems[0])) < 100
    _, problems = convert({"if": "\x1b[31m\ud800"}, Rule)
    str(problems[0]).encode()
    assert "\\x1b[31m" in str(problems[0])


@pytest.mark.parametrize("value", [10**400, -(10**5000)], ids=["large", "beyond what Python prints"])
def test_an_enormous_number_is_a_problem_and_no_exception(value: int) -> None:
    """Otherwise a number from another source ends a reload in an OverflowError."""
    result, problems = convert({"format": 1, "plain": value}, Model)
    assert result is None
    assert "got a number of more than 40 digits" in problems[0].message


def test_what_the_words_do_not_cover_is_told_in_those_of_msgspec() -> None:
    """Otherwise data could be refused without a reason."""
    value, problems = convert(7, Annotated[int, Meta(multiple_of=5)])
    assert value is None
    assert [problem.message for problem in problems] == ["Expected `int` that's a multiple of 5"]


def test_a_warning_says_so() -> None:
    """Otherwise a warning reads like an error."""
    problem = Problem(("routes", 1), "can't be reached", source="x.yaml", line=9, severity="warning")
    assert str(problem) == "x.yaml:9: warning: routes[1]: can't be reached"
    assert str(Problem((), "empty")) == "empty"
    assert str(Problem((), "empty", line=3, column=4)) == "line 3:4: empty"


leaves = (
    st.none()
    | st.booleans()
    | st.integers(-3, 130)
    | st.floats()
    | st.sampled_from(["a", "on", "release", "2026-11-23", "2026-02-30", "UPPER", "if", "", "x" * 20])
)
trees = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["if", "percentage", "a", "A"]), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
fields = st.sampled_from([field.encode_name for field in msgspec.structs.fields(Model)])
models = st.dictionaries(fields | st.sampled_from(["nam", "x"]), trees, max_size=4).map(
    lambda data: {"format": 1} | data
)


@given(models)
@example({"format": True})
@example({"format": 1, "factor": float("inf")})
def test_whatever_msgspec_refuses_is_explained_and_nothing_else_is(data: dict[str, Any]) -> None:
    """Otherwise data is refused in words of Python, or accepted data is called wrong."""
    value, problems = convert(data, Model)
    wanted, refusal = _by_msgspec(data)
    if refusal:
        assert value is None
        assert problems
        assert refusal not in [problem.message for problem in problems]
    elif data.get("factor") == float("inf"):
        assert [problem.path for problem in problems] == [("factor",)]
    else:
        assert not problems
        assert repr(value) == repr(wanted)


def _by_msgspec(data: dict[str, Any]) -> tuple[Model | None, str]:
    try:
        return msgspec.convert(data, Model), ""
    except msgspec.ValidationError as error:
        return None, str(error)
