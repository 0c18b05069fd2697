"""Evaluations arrive in OpenTelemetry as its conventions have them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.semconv._incubating.attributes import feature_flag_attributes

PROCESS = Path(__file__).with_name("logging_process.py")


def logged(what: str) -> Any:
    found = subprocess.run([sys.executable, PROCESS, what], capture_output=True, timeout=60, check=True)
    return json.loads(found.stdout)


@pytest.fixture(scope="module")
def events() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = logged("plain")
    return found


def test_an_evaluation_is_an_event(events: list[dict[str, Any]]) -> None:
    """Otherwise nobody can lay what a user was served beside what happened to them."""
    assert events[0] == {
        "name": "feature_flag.evaluation",
        "feature_flag.key": "banner",
        "feature_flag.provider.name": "reliakit",
        "feature_flag.result.variant": "loud",
        "feature_flag.result.reason": "split",
        "feature_flag.version": "r7",
    }


def test_an_error_says_which(events: list[dict[str, Any]]) -> None:
    """Otherwise defaults that are served by mistake look like answers."""
    mistyped, missing = events[1:]
    assert mistyped["error.type"] == "type_mismatch"
    assert mistyped["feature_flag.result.reason"] == "error"
    assert mistyped["feature_flag.result.value"] is True
    assert mistyped["feature_flag.error.message"]
    assert missing["error.type"] == "flag_not_found"
    assert len(missing["feature_flag.result.value"]) == 256


def test_every_name_is_in_the_conventions(events: list[dict[str, Any]]) -> None:
    """Otherwise what is built on the conventions does not find it."""
    known = {
        value for name, value in vars(feature_flag_attributes).items() if name.startswith("FEATURE_FLAG")
    }
    used = {name for event in events for name in event} - {"name", "error.type"}
    assert used <= known
    assert not {"feature_flag.variant", "feature_flag.evaluation.reason"} & used


def test_who_asked_is_logged_only_where_that_was_wanted(events: list[dict[str, Any]]) -> None:
    """Otherwise the keys of users are in every log, and nobody decided so."""
    assert not any("ann" in event.values() for event in events)
    assert [event["feature_flag.context.id"] for event in logged("named")] == ["ann"] * 3


def test_an_evaluation_that_cant_be_logged_is_answered() -> None:
    """Otherwise an upgrade of OpenTelemetry takes the flags with it."""
    assert logged("without") == "#f60"
