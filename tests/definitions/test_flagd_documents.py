"""flagd documents as files: which are recognised, what is said of mistakes, and what goes on working beside them."""

import json
from textwrap import dedent
from typing import Any

import pytest

from reliakit.core.tally import Tallies
from reliakit.definitions.compile import compile_snapshot
from reliakit.definitions.explanation import explain
from reliakit.definitions.loading import Loaded
from tests.definitions.loaded import loaded

SCHEMA = "https://flagd.dev/schema/v0/flags.json"
SOUND = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "on"}
"""A flag."""


def told(result: Loaded) -> list[str]:
    return [str(problem) for problem in (*result.problems, *result.warnings)]


def variant(result: Loaded, key: str, user: str | None = "u", **attributes: Any) -> str | None:
    """What the flag answers: its variant, or the error code."""
    assert result.definitions is not None
    evaluate = compile_snapshot(result.definitions, Tallies(), now=lambda: 100.0).flags.find(key)
    assert evaluate is not None
    answer = evaluate(user, attributes)
    assert answer is not None
    return answer.variant or getattr(answer, "code", None)


@pytest.mark.parametrize(
    ("name", "top"),
    [
        ("x.json", {"format": "flagd"}),
        ("x.json", {"$schema": SCHEMA}),
        ("x.yaml", {"$schema": SCHEMA}),
        ("flags.flagd.json", {}),
        ("flags.flagd.yaml", {}),
        ("https://example.com/A.FLAGD.JSON", {}),
    ],
)
def test_a_document_of_flagd_is_recognised_as_people_have_it(name, top):
    result = loaded(json.dumps({**top, "flags": {"f": SOUND}}), name)
    assert told(result) == []
    assert variant(result, "f") == "on"


@pytest.mark.parametrize(
    ("name", "top", "expected"),
    [
        ("x.json", {}, 'the key "format" is missing'),
        ("x.flagd.json", {"format": 1}, "state"),
        ("x.json", {"format": 1, "$schema": SCHEMA}, "state"),
        ("x.json", {"format": "Flagd"}, "format"),
    ],
)
def test_what_does_not_say_that_it_is_flagds_is_read_as_strictly_as_ever(name, top, expected):
    """A native file with a mistake must never be taken for a file of another format, where the mistake means nothing."""
    result = loaded(json.dumps({**top, "flags": {"f": SOUND}}), name)
    assert result.problems
    assert not result.partial
    assert any(expected in str(problem) for problem in result.problems), told(result)


def test_yaml_says_the_same_as_json():
    text = """
        format: flagd
        flags:
          banner:
            state: ENABLED
            variants: {plain: "#444", loud: "#f60"}
            defaultVariant: plain
            targeting:
              if:
                - in: [{var: plan}, [pro, team]]
                - loud
    """
    result = loaded(dedent(text), "x.yaml")
    assert told(result) == []
    assert variant(result, "banner", plan="pro") == "loud"
    assert variant(result, "banner", plan="free") == "plain"


BROKEN = """\
{
  "$schema": "https://flagd.dev/schema/v0/flags.json",
  "$evaluators": {
    "staff": {"ends_with": [{"var": "email"}, "@example.com"]},
    "odd": {"startswith": [{"var": "email"}, "a"]},
    "loop": {"$ref": "loop"}
  },
  "flags": {
    "sound": {"state": "ENABLED", "variants": {"on": true, "off": false}, "defaultVariant": "off",
      "targeting": {"if": [{"$ref": "staff"}, "on"]}},
    "state": {"state": "enabled", "variants": {"on": true}},
    "variants": {"state": "ENABLED", "variants": []},
    "default": {"state": "ENABLED", "variants": {"on": true}, "defaultVariant": 1},
    "operator": {"state": "ENABLED", "variants": {"on": true},
      "targeting": {"if": [
        {"semver": [{"var": "v"}, ">", "1.0.0"]},
        "on"]}},
    "reference": {"state": "ENABLED", "variants": {"on": true}, "targeting": {"if": [{"$ref": "staf"}, "on"]}},
    "indirect": {"state": "ENABLED", "variants": {"on": true}, "targeting": {"if": [{"$ref": "odd"}, "on"]}},
    "text": {"state": "ENABLED", "variants": {"on": true}, "targeting": "on"},
    "metadata": {"state": "ENABLED", "variants": {"on": true}, "metadata": {"a": null}},
    "none": 1,
    "twice": {"state": "ENABLED", "state": "DISABLED", "variants": {"on": true}}
  }
}
"""


def test_each_mistake_is_told_with_its_line_and_only_its_flag_is_an_error():
    result = loaded(BROKEN, "x.json")
    assert told(result) == [
        'x.json:5: "$evaluators".odd.startswith: there is no operator "startswith" (did you mean "starts_with"?)',
        (
            'x.json:6: "$evaluators".loop."$ref": evaluators can\'t contain themselves: loop -> loop '
            "(take one reference out)"
        ),
        'x.json:11: flags.state.state: expected ENABLED or DISABLED, got "enabled" (write "state": "ENABLED")',
        (
            "x.json:12: flags.variants.variants: expected a mapping of variants to their values, got an empty list "
            '(write "variants": {"on": true, "off": false})'
        ),
        "x.json:13: flags.default.defaultVariant: expected the name of a variant, got 1",
        'x.json:16: flags.operator.targeting.if[0].semver: there is no operator "semver" (did you mean "sem_ver"?)',
        'x.json:18: flags.reference.targeting.if[0]."$ref": there is no evaluator "staf" (did you mean "staff"?)',
        'x.json:19: flags.indirect.targeting.if[0]."$ref": the evaluator "odd" has problems of its own',
        'x.json:20: flags.text.targeting: expected an operator such as {if: [...]}, got "on"',
        "x.json:21: flags.metadata.metadata.a: expected text, a number, true or false, got nothing (null)",
        "x.json:22: flags.none: expected a flag with state and variants, got 1",
        "x.json:23: flags.twice.state: written twice, first on line 23 and again on line 23 (keep one of the two)",
    ]
    assert result.partial
    assert variant(result, "sound", email="a@example.com") == "on"
    assert result.definitions is not None
    broken = [key for key in result.definitions.flags if variant(result, key) == "PARSE_ERROR"]
    assert broken == [key for key in result.definitions.flags if key != "sound"]
    steps = explain(result.definitions, "state", "u", {}, {}).steps
    assert steps[0] == 'its definition can\'t be used: expected ENABLED or DISABLED, got "enabled"'


def test_a_flag_that_breaks_keeps_its_earlier_form():
    """As long as somebody is mending the file, users see what they saw."""
    before = loaded(json.dumps({"flags": {"f": SOUND}}), "x.flagd.json")
    after = loaded(json.dumps({"flags": {"f": 1, "g": SOUND}}), "x.flagd.json", previous=before.definitions)
    assert (variant(after, "f"), variant(after, "g")) == ("on", "on")
    never_sound = loaded(json.dumps({"flags": {"f": 2}}), "x.flagd.json")
    still = loaded(json.dumps({"flags": {"f": 3}}), "x.flagd.json", previous=never_sound.definitions)
    assert variant(still, "f") == "PARSE_ERROR"


@pytest.mark.parametrize(
    ("top", "expected"),
    [
        ({"flags": []}, "flags: expected a mapping, got an empty list"),
        ({}, 'the key "flags" is missing (write "flags": {...})'),
        ({"flags": {}, "$evaluators": 1}, '"$evaluators": expected a mapping, got 1'),
        ({"flags": {}, "metadata": {"a": []}}, "metadata.a: expected text, a number, true or false, got an empty list"),
        ({"flags": {}, "bucketing": 3}, "bucketing: expected 1 or 2, got 3"),
        ({"flags": {}, "bucketing": True}, "bucketing: expected 1 or 2, got true"),
    ],
)  # fmt: skip
def test_what_is_wrong_beside_the_flags_leaves_everything_as_it_was(top, expected):
    result = loaded(json.dumps({"format": "flagd", **top}), "x.json")
    assert result.definitions is None
    assert expected in str(result.problems[0])


def test_what_was_probably_not_meant_is_a_warning():
    """flagd says nothing of these, and serves a default or an error for years."""
    flag = {
        "state": "ENABLED",
        "variants": {"red": "r", "blue": "b"},
        "defaultVariant": "redd",
        "targetting": {},
        "targeting": {"if": [
            {"sem_ver": [{"var": "v"}, "=>", "1.0.0"]}, "bleu",
            {"sem_ver": [{"var": "v"}, "1.0.0"]}, "red",
            {"fractional": [["red", 50.5], ["pink", 50]]},
        ]},
    }  # fmt: skip
    result = loaded(json.dumps({"flags": {"f": flag}, "evaluators": {}}), "x.flagd.json")
    assert not result.problems
    assert sorted(str(each).removeprefix("x.flagd.json:1: warning: ") for each in result.warnings) == [
        'evaluators: this key means nothing here (did you mean "$evaluators"?)',
        'flags.f.defaultVariant: the flag has no variant "redd": who gets here is served an error (did you mean "red"?)',
        ("flags.f.targeting.if[0].sem_ver[1]: sem_ver has no operator \"=>\", so it is never true "
        "(write one of = != < <= > >= ^ ~)"),
        ('flags.f.targeting.if[1]: the flag has no variant "bleu": who gets here is served an error '
        '(did you mean "blue"?)'),
        "flags.f.targeting.if[2].sem_ver: sem_ver takes 3 arguments, got 2",
        "flags.f.targeting.if[4].fractional[0][1]: a weight is a whole number, got 50.5: nobody gets any of these variants",
        ('flags.f.targeting.if[4].fractional[1][0]: the flag has no variant "pink": who gets here is served an error '
        "(the variants are red, blue)"),
        'flags.f.targetting: this key means nothing here (did you mean "targeting"?)',
    ]  # fmt: skip


def test_evaluators_may_use_each_other_in_any_order():
    document = {
        "$evaluators": {"staff": {"in": [{"$ref": "domain"}, ["a", "b"]]}, "domain": {"var": "domain"}},
        "flags": {"f": {**SOUND, "targeting": {"if": [{"$ref": "staff"}, "off"]}}},
    }
    result = loaded(json.dumps(document), "x.flagd.json")
    assert [variant(result, "f", domain=domain) for domain in ("a", "c")] == ["off", "on"]


@pytest.mark.parametrize(
    ("evaluator", "expected"), [("off", "PARSE_ERROR"), (["off"], "PARSE_ERROR"), (None, "on")]
)
def test_targeting_that_refers_to_a_plain_value_is_what_it_is_to_flagd(evaluator, expected):
    """Which knows a value as targeting in no way, and takes an empty one for none."""
    document = {"$evaluators": {"e": evaluator}, "flags": {"f": {**SOUND, "targeting": {"$ref": "e"}}}}
    assert variant(loaded(json.dumps(document), "x.flagd.json"), "f") == expected


def test_evaluators_that_multiply_are_refused():
    """Ten lines must not become a gigabyte."""
    evaluators = {f"e{n}": {"or": [{"$ref": f"e{n - 1}"}] * 10} if n else {"var": "x"} for n in range(12)}
    document = {
        "$evaluators": evaluators,
        "flags": {"f": {**SOUND, "targeting": {"$ref": "e11"}}, "g": SOUND},
    }
    result = loaded(json.dumps(document), "x.flagd.json")
    assert "more than 20,000 values" in str(result.problems[0])
    assert (variant(result, "f"), variant(result, "g")) == ("PARSE_ERROR", "on")


def test_metadata_of_the_flag_set_is_under_that_of_the_flag():
    document = {
        "metadata": {"flagSetId": "shop", "owner": "a"},
        "flags": {"f": {**SOUND, "metadata": {"owner": "b"}}},
    }
    definitions = loaded(json.dumps(document), "x.flagd.json").definitions
    assert definitions is not None
    flags = compile_snapshot(definitions, Tallies()).flags
    assert flags.metadata("f") == {"flagSetId": "shop", "owner": "b"}
    assert flags.metadata("g") == {}


@pytest.mark.parametrize(
    ("of_set", "of_flag", "expected"), [({}, {}, False), ({}, {"public": True}, True), ({"public": True}, {}, True),
    ({"public": True}, {"public": False}, False), ({}, {"public": "yes"}, False)],
)  # fmt: skip
def test_front_ends_may_ask_for_a_flag_only_where_its_metadata_says_so(of_set, of_flag, expected):
    """flagd has no key for it; nobody's flags become public by coming here."""
    document = {"metadata": of_set, "flags": {"f": {**SOUND, "metadata": of_flag}}}
    definitions = loaded(json.dumps(document), "x.flagd.json").definitions
    assert definitions is not None
    assert definitions.flags["f"].public is expected


def test_the_time_is_the_clocks():
    flag = {**SOUND, "targeting": {"if": [{">=": [{"var": "$flagd.timestamp"}, 100]}, "off"]}}
    definitions = loaded(json.dumps({"flags": {"f": flag}}), "x.flagd.json").definitions
    assert definitions is not None
    now = [99.9]
    evaluate = compile_snapshot(definitions, Tallies(), now=lambda: now[0]).flags.find("f")
    assert evaluate is not None
    for now[0], expected in ((99.9, "on"), (100.0, "off")):
        answer = evaluate("u", {})
        assert answer is not None
        assert answer.variant == expected


def test_a_text_that_reads_like_a_variable_of_the_environment_is_a_text():
    flag = {**SOUND, "variants": {"on": "env:HOME", "off": ""}}
    result = loaded(json.dumps({"flags": {"f": flag}}), "x.flagd.json")
    assert not result.problems
    assert result.definitions is not None
    assert result.definitions.flags["f"].variants == flag["variants"]
