"""`reliakit diff`."""

import json
from pathlib import Path

import pytest

from tests.cli.files import BAD, GOOD
from tests.cli.running import on_terminal, reliakit


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "old.yaml").write_text(GOOD, "utf-8")
    (tmp_path / "new.yaml").write_text(GOOD[: GOOD.index("  banner")].replace("10", "100"), "utf-8")
    (tmp_path / "bad.yaml").write_text(BAD, "utf-8")
    return tmp_path


CHANGES = ["1 flag removed: banner", "new_checkout: 10 % -> 100 %"]


def test_a_reviewer_reads_what_changes_in_words(folder):
    found = reliakit("diff", "old.yaml", "new.yaml", cwd=folder)
    assert (found.returncode, found.stdout.splitlines(), found.stderr) == (0, CHANGES, "")


def test_a_program_gets_the_same_changes_as_a_list(folder):
    found = reliakit("diff", "old.yaml", "new.yaml", "--json", cwd=folder)
    assert json.loads(found.stdout) == {"old": "old.yaml", "new": "new.yaml", "changes": CHANGES}


def test_a_script_can_ask_whether_anything_changes_as_it_asks_git(folder):
    assert reliakit("diff", "old.yaml", "new.yaml", "--exit-code", cwd=folder).returncode == 1
    same = reliakit("diff", "old.yaml", "old.yaml", "--exit-code", cwd=folder)
    assert (same.returncode, same.stdout, same.stderr) == (0, "", "no changes\n")


def test_a_file_with_problems_is_not_mistaken_for_one_that_changes(folder):
    found = reliakit("diff", "old.yaml", "bad.yaml", "--exit-code", cwd=folder)
    assert (found.returncode, found.stdout) == (2, "")
    assert "bad.yaml:4: flags.new_checkout.percentage" in found.stderr


def test_a_person_sees_what_is_removed_in_red(folder):
    _, shown = on_terminal("diff", "old.yaml", "new.yaml", cwd=folder)
    assert "\x1b[31m1 flag removed: banner" in shown
    _, plain = on_terminal("diff", "old.yaml", "new.yaml", cwd=folder, env={"NO_COLOR": "1"})
    assert "\x1b" not in plain
