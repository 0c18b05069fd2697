"""`manage.py reliakit …` is about the project that it is called for."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

MANAGE = """
import os, sys
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
"""
SETTINGS = """
from pathlib import Path
from typing import Any
BASE_DIR = Path(__file__).parent
SECRET_KEY = "of the test"
USE_TZ = True
INSTALLED_APPS = ["reliakit_django"]
MIDDLEWARE = ["reliakit_django.middleware.ReliakitMiddleware"]
RELIAKIT = {"CONFIG": "flags.yaml", "STORE": f"sqlite:///{BASE_DIR / 'store.db'}"}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "manage.py").write_text(MANAGE)
    (folder / "settings.py").write_text(SETTINGS)
    (folder / "flags.yaml").write_text("format: 1\nflags: {new: {percentage: 50}}\n")
    return folder


def run(project: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Runs `manage.py` from another folder."""
    environ = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    return subprocess.run(
        [sys.executable, "-W", "error", project / "manage.py", *arguments],
        cwd=project.parent,
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_it_finds_the_projects_own_definitions(project: Path) -> None:
    """Otherwise people would check one file and serve another."""
    checked = run(project, "reliakit", "check", "--json", "--settings=settings")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert json.loads(checked.stdout)["file"] == str(project / "flags.yaml")
    assert run(project, "check").returncode == 0
    (project / "flags.yaml").write_text("format: 1\nflags: {new: {percentage: many}}\n")
    broken = run(project, "reliakit", "check")
    assert broken.returncode == 1
    assert "percentage" in broken.stdout
    told = run(project, "check")
    assert told.returncode == 1
    assert "(reliakit.E007)" in told.stderr


def test_orders_reach_the_projects_own_store(project: Path) -> None:
    """Otherwise a kill switch would be thrown where nobody looks."""
    assert run(project, "reliakit", "flag", "disable", "new", "--reason", "it burns").returncode == 0
    assert (project / "store.db").exists()
    assert "it burns" in run(project, "reliakit", "flag", "list").stdout


def test_help_and_mistakes_are_those_of_the_command(project: Path) -> None:
    """Otherwise Django's users would have to guess what there is."""
    assert "manage.py reliakit check" in run(project, "reliakit", "check", "--help").stdout
    for asked in (("reliakit", "--help"), ("help", "reliakit")):
        assert "rollout" in run(project, *asked).stdout
    wrong = run(project, "reliakit", "chekc")
    assert wrong.returncode == 2
    assert "did you mean 'check'" in wrong.stderr


def test_code_calls_it_too(site, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Otherwise a deployment script in Python would have to start a process."""
    site({"CONFIG": project / "flags.yaml"})
    call_command("reliakit", "eval", "new", "--user", "ann", "--json")
    assert json.loads(capsys.readouterr().out)["flag"] == "new"
    with pytest.raises(CommandError) as wrong:
        call_command("reliakit", "eval", "nwe", "--user", "ann")
    assert wrong.value.returncode == 1


def sourced() -> Any:
    from reliakit.sources.memory import MemorySource

    return MemorySource(ELSEWHERE)


ELSEWHERE = {"flags": {"new": {"enabled": False}}}


@pytest.mark.parametrize("setting", [{"CONFIG": ELSEWHERE}, {"SOURCE": f"{__name__}.sourced"}])
def test_definitions_that_are_in_no_file_are_looked_at_too(setting: Any, capsys, tmp_path: Path) -> None:
    """Otherwise projects that keep their flags in the settings or the database would have no commands."""
    with override_settings(RELIAKIT=setting):
        call_command("reliakit", "check")
        call_command("reliakit", "eval", "new", "--user", "ann", "--json")
        assert '"DISABLED"' in capsys.readouterr().out
        with pytest.raises(CommandError, match=r"RELIAKIT\['STORE'\]"):
            call_command("reliakit", "flag", "disable", "new", "--reason", "it burns")
    store = f"sqlite:///{tmp_path / 'store.db'}"
    with override_settings(RELIAKIT={**setting, "STORE": store}):
        call_command("reliakit", "flag", "enable", "new", "--reason", "it is good")
        call_command("reliakit", "flag", "list")
        assert "it is good" in capsys.readouterr().out
