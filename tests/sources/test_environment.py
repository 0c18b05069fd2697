"""Flags in environment variables, with no file at all."""

import logging
from typing import Any

import pytest

from reliakit import Reason, Reliakit
from reliakit.sources.environment import EnvironmentSource


def kit_of(**variables: str) -> Reliakit:
    environ = {f"RELIAKIT_FLAG_{key}": text for key, text in variables.items()}
    return Reliakit(EnvironmentSource(environ), environ=environ)


@pytest.mark.parametrize(
    ("text", "enabled"),
    [
        ("on", True),
        ("true", True),
        ("ON", True),
        ("off", False),
        ("False", False),
        ("0%", False),
        ("100 %", True),
    ],
)
def test_words_and_shares_make_on_off_flags(text: str, enabled: bool) -> None:
    """Otherwise a container could not be given a flag without a file."""
    kit = kit_of(NEW_CHECKOUT=text)
    assert kit.enabled("new_checkout", "user-1", default=not enabled) is enabled
    assert kit.close()


def test_a_share_is_of_users() -> None:
    """Otherwise `25%` would be everybody or nobody."""
    kit = kit_of(X="25%", Y="12.5%")
    assert 150 < sum(kit.enabled("x", f"user-{number}") for number in range(1000)) < 350
    assert 60 < sum(kit.enabled("y", f"user-{number}") for number in range(1000)) < 200
    assert kit.evaluate("x", user="user-1").reason is Reason.SPLIT
    assert kit.close()


def test_any_other_text_is_a_value() -> None:
    """Otherwise a greeting could not be set by the environment."""
    kit = kit_of(GREETING="Hello, world", EMPTY="")
    assert kit.value("greeting", "none") == "Hello, world"
    assert kit.value("empty", "none") == ""
    assert kit.close()


def test_a_sound_environment_is_no_problem(caplog: pytest.LogCaptureFixture) -> None:
    """Otherwise every reload would log errors about variables that are in force."""
    with caplog.at_level(logging.INFO, "reliakit"):
        kit = kit_of(A="on", B="25%", C="Hello")
    assert caplog.messages == []
    assert kit.status().problems == ()
    assert kit.close()


@pytest.mark.parametrize("text", ["101%", "x%", "-1%", "1.2.3%"])
def test_a_share_that_is_none_is_told(text: str) -> None:
    """Otherwise a typing error would silently be a value of a flag nobody asked for."""
    from reliakit import ConfigurationError

    with pytest.raises(ConfigurationError) as failed:
        kit_of(X=text)
    assert "flags.x.percentage" in str(failed.value)


def test_other_variables_are_not_flags() -> None:
    """Otherwise PATH would be a flag, and its content in a report."""
    environ: Any = {"PATH": "/bin", "RELIAKIT_STATE_DIR": "/nowhere"}
    kit = Reliakit(EnvironmentSource(environ), environ=environ)
    assert kit.status().flags == 0
    assert kit.close()
