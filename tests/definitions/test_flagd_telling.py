"""What people are told of flagd flags: what changed, and why a flag answers as it does."""

import json
from typing import Any

import pytest

from reliakit.definitions.difference import difference
from reliakit.definitions.explanation import explain
from reliakit.definitions.models import Definitions
from tests.definitions.loaded import loaded

SOUND = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "on"}
"""A flag."""


def definitions_of(**changes: Any) -> Definitions:
    found = loaded(json.dumps({"flags": {"f": {**SOUND, **changes}}}), "x.flagd.json").definitions
    assert found is not None
    return found


def test_what_changed_is_told():
    """Whoever reads the journal at night sees what somebody has changed in the afternoon."""
    before, native = definitions_of(), loaded("format: 1\nflags: {f: {percentage: 10}}").definitions
    assert native is not None
    after = definitions_of(state="DISABLED", defaultVariant="off", targeting={"if": [True, "on"]})
    assert [*difference(before, after)] == [
        "f: enabled -> disabled, on for everyone -> off for everyone else, default on -> off, targeting changed"
    ]
    assert [*difference(native, before)] == [
        "f: 10 % -> on for everyone, variants changed, default none -> on, bucketing changed"
    ]
    assert [*difference(before, native)]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ["it has no targeting", "so the default variant, on"]),
        ({"state": "DISABLED"}, ["its state is DISABLED", "the caller's default is served"]),
        ({"defaultVariant": None}, ["it has no targeting", "it has no default variant: the caller's default is served"]),
        (
            {"targeting": {"if": [{"==": [{"var": "plan"}, {"var": "user.plan"}]}, "off"]}},
            ['the targeting reads plan: "pro"', "the targeting reads user.plan: missing",
             "the targeting came to nothing (null), so the default variant counts", "so the default variant, on"],
        ),
        (
            {"targeting": {"/": [1, 0]}},
            ["the targeting failed: ZeroDivisionError",
             "the targeting could not be evaluated: the caller's default is served"],
        ),
        (
            {"targeting": {"==": [1, 1]}},
            ["the targeting came to true, which names the variant true",
             "the targeting names a variant that the flag does not have: the caller's default is served"],
        ),
    ],
)  # fmt: skip
def test_an_explanation_says_what_the_targeting_read_and_what_it_came_to(changes, expected):
    assert [*explain(definitions_of(**changes), "f", "u", {"plan": "pro"}, {}).steps] == expected
