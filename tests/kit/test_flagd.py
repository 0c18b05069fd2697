"""A kit on a flagd document: what an application calls, reloads, restarts on, and asks by command."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from reliakit.core.evaluation import ErrorCode, Reason
from reliakit.sources.file import FileSource
from reliakit.sources.overlay import Overlay

ON_OFF = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "off"}
PAID = {"if": [{"in": [{"var": "plan"}, ["pro", "team"]]}, "on"]}
BROKEN = {**ON_OFF, "targeting": {"iff": [True, "on"]}}


def written(folder: Path, **flags: Any) -> Path:
    file = folder / "shop.flagd.json"
    file.write_text(json.dumps({"flags": flags}))
    return file


def test_an_application_asks_flagd_flags_as_it_asks_any_others(tmp_path, kit_of):
    texts = {"state": "ENABLED", "variants": {"plain": "#444", "loud": "#f60"}, "defaultVariant": "plain"}
    undecided = {"state": "ENABLED", "variants": {"on": True}}
    file = written(
        tmp_path,
        checkout={**ON_OFF, "targeting": PAID},
        banner=texts,
        undecided=undecided,
        gone={**undecided, "state": "DISABLED"},
        lost={**texts, "targeting": {"cat": ["pl", "ane"]}},
    )
    kit = kit_of(file)
    assert kit.enabled("checkout", "u", {"plan": "pro"})
    assert not kit.enabled("checkout", "u")
    assert kit.value("banner", "", user="u") == "#444"
    for key, reason, code in (
        ("undecided", Reason.DEFAULT, None),
        ("gone", Reason.DISABLED, None),
        ("lost", Reason.ERROR, ErrorCode.GENERAL),
    ):
        found = kit.evaluate(key, "mine", user="u")
        assert (found.value, found.variant, found.reason, found.error_code) == ("mine", None, reason, code)
    assert kit.enabled("undecided", "u", default=True)
    assert "the targeting reads plan: missing" in str(kit.explain("checkout", "u"))


def test_a_process_starts_on_a_document_in_which_one_flag_is_broken(tmp_path, kit_of):
    """One team's mistake must not keep everybody's service from starting."""
    kit = kit_of(written(tmp_path, sound=ON_OFF, broken=BROKEN))
    assert kit.evaluate("sound", True, user="u").variant == "off"
    assert kit.evaluate("broken", True, user="u").error_code is ErrorCode.PARSE_ERROR
    assert [problem.line for problem in kit.status().problems] == [1]


def test_the_copy_on_disk_is_known_as_flagds_without_its_name(tmp_path, kit_of):
    """A worker born while the file is garbage runs what its siblings run."""
    file = written(tmp_path, checkout={**ON_OFF, "targeting": PAID})
    kit_of(file)
    file.write_text("{")
    assert kit_of(file).enabled("checkout", "u", {"plan": "team"})
    file.write_text(json.dumps({"flags": {"checkout": BROKEN, "other": ON_OFF}}))
    mended = kit_of(file)
    assert mended.enabled("checkout", "u", {"plan": "team"})
    assert mended.evaluate("other", None, user="u").variant == "off"


def test_a_document_of_flagd_lies_over_another(tmp_path, kit_of):
    """An environment changes one field of a flag; a mistake is told with the file that it is in."""
    base = written(tmp_path, checkout={**ON_OFF, "targeting": PAID}, other=ON_OFF)
    over = tmp_path / "production.flagd.yaml"
    over.write_text("flags:\n  checkout:\n    defaultVariant: 'on'\n  other:\n    state: OFF\n")
    kit = kit_of(Overlay(FileSource(base), FileSource(over)))
    assert kit.evaluate("checkout", False, user="u").variant == "on"
    assert kit.evaluate("other", False, user="u").error_code is ErrorCode.PARSE_ERROR
    assert [(Path(each.source).name, each.line) for each in kit.status().problems] == [
        ("production.flagd.yaml", 5)
    ]


def test_an_override_pins_a_flagd_flag_too(tmp_path, kit_of):
    kit = kit_of(
        written(tmp_path, checkout={**ON_OFF, "targeting": PAID}), environ={"RELIAKIT_FLAG_CHECKOUT": "on"}
    )
    assert kit.enabled("checkout", "u")


def reliakit(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "reliakit", *arguments]
    return subprocess.run(command, capture_output=True, timeout=60, check=False, text=True)


def test_the_commands_work_on_flagd_documents(tmp_path):
    sound = written(tmp_path, checkout={**ON_OFF, "targeting": PAID})
    assert reliakit("check", str(sound)).returncode == 0
    told = json.loads(
        reliakit("eval", str(sound), "checkout", "--user", "u", "--set", "plan=pro", "--json").stdout
    )
    assert (told["value"], told["variant"], told["reason"]) == (True, "on", "TARGETING_MATCH")
    broken = written(tmp_path, checkout=BROKEN)
    checked = reliakit("check", str(broken))
    assert checked.returncode == 1
    assert 'flags.checkout.targeting.iff: there is no operator "iff" (did you mean "if"?)' in checked.stdout


@pytest.mark.parametrize("name", ["enable", "disable", "list"])
def test_the_flag_commands_know_flagd_flags(tmp_path, name):
    file = written(tmp_path, checkout={**ON_OFF, "targeting": PAID})
    key = [] if name == "list" else ["checkout", "--reason", "a test"]
    found = reliakit("flag", name, *key, "--file", str(file))
    assert found.returncode == 0, found.stderr
