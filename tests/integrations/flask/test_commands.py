"""`flask reliakit …` is about the app that it is called for."""

import json
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from reliakit_flask import FlaskReliakit


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Flask:
    (tmp_path / "app").mkdir()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    (tmp_path / "app" / "flags.yaml").write_text("format: 1\nflags: {new: {percentage: 50}}\n")
    app = Flask("app", root_path=str(tmp_path / "app"))
    app.config["RELIAKIT_CONFIG"] = "flags.yaml"
    app.config["RELIAKIT_STORE"] = f"sqlite:///{tmp_path / 'store.db'}"
    FlaskReliakit(app)
    return app


def run(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(args=["reliakit", *arguments])


def test_it_finds_the_apps_own_definitions(app) -> None:
    """Otherwise people would check one file and serve another."""
    checked = run(app, "check", "--json")
    assert checked.exit_code == 0, checked.output
    assert json.loads(checked.output)["file"] == str(Path(app.root_path, "flags.yaml"))
    Path(app.root_path, "flags.yaml").write_text("format: 1\nflags: {new: {percentage: many}}\n")
    broken = run(app, "check")
    assert broken.exit_code == 1
    assert "percentage" in broken.output


def test_orders_reach_the_apps_own_store(app, tmp_path: Path) -> None:
    """Otherwise a kill switch would be thrown where nobody looks."""
    assert run(app, "flag", "disable", "new", "--reason", "it burns").exit_code == 0
    assert (tmp_path / "store.db").exists()
    assert "it burns" in run(app, "flag", "list").output
    status = run(app, "status", "--json")
    assert status.exit_code == 0, status.output
    assert json.loads(status.output)["file"].endswith("flags.yaml")


def test_an_argument_wins_over_what_the_app_says(app, tmp_path: Path) -> None:
    """Otherwise nobody could check a file before it is put in place."""
    other = tmp_path / "other.yaml"
    other.write_text("format: 1\nflags: {}\n")
    assert json.loads(run(app, "check", str(other), "--json").output)["file"] == str(other)


def test_help_and_mistakes_are_those_of_the_command(app) -> None:
    """Otherwise Flask's users would have to guess what there is."""
    assert "flask reliakit check" in run(app, "check", "--help").output
    assert "rollout" in run(app, "--help").output
    wrong = run(app, "chekc")
    assert wrong.exit_code == 2
    assert "did you mean 'check'" in wrong.output
    assert "reliakit" in app.test_cli_runner().invoke(args=["--help"]).output
