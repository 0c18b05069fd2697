"""The SDK's own client gets from the provider what the specification promises, for every type, default and error."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import pytest
from openfeature.client import OpenFeatureClient
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import FlagEvaluationDetails, Reason

Details = FlagEvaluationDetails[Any]
Ask = Callable[..., Details]
DEFAULTS = {"boolean": True, "string": "x", "integer": 7, "float": 7.5, "object": {"a": 1}}


@pytest.fixture(params=["sync", "async"])
def ask(request: pytest.FixtureRequest, client: OpenFeatureClient) -> Ask:
    def now(kind: str, *args: Any) -> Details:
        return getattr(client, f"get_{kind}_details")(*args)

    def later(kind: str, *args: Any) -> Details:
        return asyncio.run(getattr(client, f"get_{kind}_details_async")(*args))

    return now if request.param == "sync" else later


TEMPLATE = {"showImages": True, "title": "Check out", "images": 100}


@pytest.mark.parametrize(
    ("kind", "key", "default", "value", "variant", "reason"),
    [
        ("boolean", "boolean-flag", False, True, "on", Reason.SPLIT),
        ("string", "string-flag", "bye", "hi", "greeting", Reason.STATIC),
        ("integer", "integer-flag", 1, 10, "ten", Reason.STATIC),
        ("float", "float-flag", 0.1, 0.5, "half", Reason.STATIC),
        ("float", "whole-flag", 0.1, 2.0, "two", Reason.STATIC),
        ("object", "object-flag", {}, TEMPLATE, "template", Reason.STATIC),
        ("object", "object-flag", MappingProxyType({}), TEMPLATE, "template", Reason.STATIC),
        ("object", "list-flag", [], [1, 2], "sizes", Reason.STATIC),
        ("object", "list-flag", {}, [1, 2], "sizes", Reason.STATIC),
        ("string", "off-flag", "#f60", "#444", "plain", Reason.DISABLED),
        ("string", "context-aware", "x", "EXTERNAL", "external", Reason.DEFAULT),
    ],
)
def test_each_type_is_answered_with_variant_and_reason(
    ask: Ask, kind: str, key: str, default: Any, value: Any, variant: str, reason: Reason
) -> None:
    """Otherwise a caller gets a value of another type, or telemetry a reason that nobody else uses."""
    found = ask(kind, key, default)
    assert (found.value, found.variant, found.reason) == (value, variant, reason)
    assert type(found.value) is type(value)
    assert isinstance(found.reason, Reason)
    assert (found.error_code, found.error_message) == (None, None)
    assert found.flag_key == key


WRONG = [
    ("boolean", "string-flag", True),
    ("boolean", "integer-flag", True),
    ("string", "boolean-flag", "x"),
    ("integer", "string-flag", 7),
    ("integer", "boolean-flag", 7),
    ("integer", "float-flag", 7),
    ("float", "string-flag", 7.5),
    ("float", "boolean-flag", 7.5),
    ("object", "string-flag", {"a": 1}),
    ("object", "boolean-flag", [1]),
]


@pytest.mark.parametrize(("kind", "key", "default"), WRONG)
def test_a_flag_of_another_type_gives_the_default(ask: Ask, kind: str, key: str, default: Any) -> None:
    """Otherwise True arrives where a number was asked for, and goes into a sum."""
    found = ask(kind, key, default)
    assert found.value is default
    assert (found.reason, found.error_code) == (Reason.ERROR, ErrorCode.TYPE_MISMATCH)
    assert found.error_message


@pytest.mark.parametrize(("kind", "default"), list(DEFAULTS.items()))
def test_a_missing_flag_gives_the_default(ask: Ask, kind: str, default: Any) -> None:
    """Otherwise a flag that somebody removed breaks those that still ask for it."""
    found = ask(kind, "missing-flag", default)
    assert found.value is default
    assert (found.reason, found.error_code) == (Reason.ERROR, ErrorCode.FLAG_NOT_FOUND)


def test_a_share_without_a_targeting_key_gives_the_default(ask: Ask) -> None:
    """Otherwise those that nobody knows get an answer by chance."""
    found = ask("string", "split-flag", "x")
    assert found.value == "x"
    assert (found.reason, found.error_code) == (Reason.ERROR, ErrorCode.TARGETING_KEY_MISSING)
    assert ask("string", "split-flag", "x", EvaluationContext("ann")).reason == Reason.SPLIT


@pytest.mark.parametrize("key", [True, 1.5, ["ann"]])
def test_a_targeting_key_that_is_none_gives_the_default(ask: Ask, key: Any) -> None:
    """Otherwise all who are called True share a bucket."""
    found = ask("string", "split-flag", "x", EvaluationContext(key))
    assert (found.value, found.error_code) == ("x", ErrorCode.INVALID_CONTEXT)


class Colour(StrEnum):
    RED = "#f00"


def test_a_default_of_a_subclass_is_one_of_the_type(ask: Ask) -> None:
    """Otherwise an enumeration as a default hides what the flag says."""
    assert ask("string", "off-flag", Colour.RED).value == "#444"
    assert ask("string", "missing-flag", Colour.RED).value is Colour.RED


def test_rules_see_the_attributes_of_the_context(ask: Ask) -> None:
    """Otherwise targeting by the SDK's context would do nothing."""
    context = EvaluationContext(None, {"customer": False, "age": 29})
    found = ask("string", "context-aware", "x", context)
    assert (found.value, found.reason) == ("INTERNAL", Reason.TARGETING_MATCH)
    joined = EvaluationContext(None, {"joined": datetime(2025, 5, 1, tzinfo=UTC)})
    assert ask("boolean", "since", False, joined).value is True


def test_the_targeting_key_is_the_user(ask: Ask) -> None:
    """Otherwise an allowlist finds nobody."""
    assert ask("boolean", "for-ann", False, EvaluationContext("ann")).reason == Reason.TARGETING_MATCH
    assert ask("boolean", "for-ann", True, EvaluationContext("bob")).value is False


def test_metadata_says_whose_flag_it_is_and_of_what_revision(ask: Ask) -> None:
    """Otherwise whoever sees an odd answer can't tell which definitions gave it, and whom to ask."""
    assert ask("boolean", "described", True).flag_metadata == {
        "owner": "payments",
        "kind": "ops",
        "version": "r7",
    }
    assert ask("boolean", "missing-flag", True).flag_metadata == {}


def test_an_object_is_the_callers_own(ask: Ask) -> None:
    """Otherwise one caller who changes what it got changes the flag for all."""
    ask("object", "object-flag", {}).value["title"] = "Changed"
    assert ask("object", "object-flag", {}).value == TEMPLATE
