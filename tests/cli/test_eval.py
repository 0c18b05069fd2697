"""`reliakit eval`."""

import json
from pathlib import Path

import pytest

from reliakit import Reliakit
from tests.cli.files import GOOD
from tests.cli.running import on_terminal, reliakit


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "reliakit.yaml"
    path.write_text(GOOD, "utf-8")
    return str(path)


def as_json(*arguments: str, env: dict[str, str] | None = None):
    found = reliakit("eval", *arguments, "--json", env=env)
    return found.returncode, json.loads(found.stdout)


def test_a_person_reads_value_variant_reason_and_the_steps_to_them(file):
    found = reliakit("eval", file, "new_checkout", "--user", "user_internal1")
    assert found.returncode == 0
    assert found.stdout.splitlines() == [
        "flag: new_checkout",
        "value: true",
        "variant: on",
        "reason: TARGETING_MATCH",
        "step: user 'user_internal1' is on the allowlist",
    ]


@pytest.mark.parametrize("user", [f"user-{number}" for number in range(8)])
def test_the_command_answers_what_an_application_would_get(file, user):
    kit = Reliakit(file)
    wanted = kit.evaluate("banner", user=user)
    kit.close()
    code, report = as_json(file, "banner", "--user", user)
    assert code == 0
    assert (report["value"], report["variant"], report["reason"]) == (
        wanted.value,
        wanted.variant,
        wanted.reason,
    )


def test_attributes_are_read_as_a_definitions_file_would_read_them(file):
    """30 is a number: compared as text, nobody would ever be older than 20."""
    code, report = as_json(file, "new_checkout", "--user", "u", "--set", "plan=pro", "--set", "age=30")
    assert (code, report["reason"], report["value"]) == (0, "TARGETING_MATCH", True)
    _, quoted = as_json(file, "new_checkout", "--user", "u", "--set", "plan=pro", "--set", 'age="30"')
    assert quoted["reason"] == "SPLIT"


def test_a_missing_flag_is_told_by_the_exit_code(file):
    code, report = as_json(file, "new_chekout", "--user", "u")
    assert (code, report["error"], report["value"]) == (1, "FLAG_NOT_FOUND", None)
    assert "new_checkout" in report["steps"][0]


def test_nobody_is_not_taken_for_somebody(file):
    code, report = as_json(file, "banner")
    assert (code, report["error"], report["user"]) == (1, "TARGETING_KEY_MISSING", None)


def test_an_override_in_the_environment_is_not_hidden(file):
    code, report = as_json(file, "banner", "--user", "u", env={"RELIAKIT_FLAG_BANNER": "loud"})
    assert (code, report["value"], report["reason"]) == (0, "#f60", "STATIC")
    assert "override" in report["steps"][0]


@pytest.mark.parametrize("setting", ["plan", "=pro", "plan=[pro", 'plan="pro'])
def test_a_slip_in_an_attribute_is_a_usage_error_and_no_wrong_answer(file, setting):
    found = reliakit("eval", file, "new_checkout", "--user", "u", "--set", setting)
    assert (found.returncode, found.stdout) == (2, "")
    assert "--set" in found.stderr


def test_a_person_sees_a_table_on_a_terminal(file):
    code, shown = on_terminal("eval", file, "new_checkout", "--user", "user_internal1")
    assert code == 0
    assert "\x1b[1;32mTARGETING_MATCH" in shown
    assert "1. user 'user_internal1' is on the allowlist" in shown
