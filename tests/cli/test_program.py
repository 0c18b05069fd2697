"""The program around the commands."""

import json
import subprocess
import sys
from importlib.metadata import entry_points, version

import jsonschema
import pytest
from click.testing import CliRunner

from reliakit.cli.program import program
from tests.cli.running import environment, reliakit

COMMANDS = [
    "check",
    "demo",
    "diff",
    "eval",
    "flag",
    "journal",
    "override",
    "rollout",
    "schema",
    "serve",
    "status",
    "store",
]


def test_a_newcomer_finds_every_command_and_the_exit_codes_in_the_help():
    shown = CliRunner().invoke(program, ["--help"])
    assert shown.exit_code == 0
    for word in (*COMMANDS, "Exit codes", "NO_COLOR"):
        assert word in shown.output
    assert "..." not in shown.output.split("Commands:")[1], (
        "a command's first sentence is too long for the list"
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_shows_how_it_is_used_by_an_example(name):
    shown = CliRunner().invoke(program, [name, "--help"])
    assert shown.exit_code == 0
    assert f"  reliakit {name}" in shown.output.split("Example")[1]


def test_a_misspelt_command_is_told_which_was_meant():
    shown = CliRunner().invoke(program, ["chek"])
    assert shown.exit_code == 2
    assert "did you mean 'check'?" in shown.output


def test_the_version_is_the_one_that_is_installed():
    assert reliakit("--version").stdout == f"reliakit {version('reliakit')}\n"


def test_the_installed_script_is_this_program():
    (script,) = entry_points(group="console_scripts", name="reliakit")
    assert script.value == "reliakit.cli:main"
    assert callable(script.load())


def test_an_editor_gets_a_schema_that_knows_good_files_from_bad_ones():
    found = reliakit("schema")
    schema = json.loads(found.stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    assert validator.is_valid({"format": 1, "flags": {"a": {"percentage": 10}}})
    assert not validator.is_valid({"format": 1, "flags": {"a": {"percentage": 110}}})


def imported_by(*arguments: str) -> set[str]:
    """Returns what the command has imported when it is done."""
    code = f"""
import atexit, sys
atexit.register(lambda: print(*sys.modules, file=sys.stderr))
from reliakit.cli import main
main({list(arguments)!r})
"""
    found = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return set(found.stderr.split())


def test_a_command_does_not_wait_for_what_only_others_need(tmp_path):
    file = tmp_path / "flags.toml"
    file.write_text("format = 1\n", "utf-8")
    heavy = {"aiohttp", "asyncio", "opentelemetry", "rich", "starlette", "uvicorn"}
    assert not imported_by("--version") & {*heavy, "msgspec", "yaml"}
    assert not imported_by("check", str(file)) & {*heavy, "yaml"}
    assert not imported_by("schema") & {*heavy, "yaml"}


def test_a_demo_without_its_extra_says_what_to_install():
    code = "import sys; sys.modules['aiohttp'] = None; from reliakit.cli import main; main(['demo'])"
    found = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert found.returncode == 2
    assert "pip install 'reliakit[demo]'" in found.stderr
    assert "Traceback" not in found.stderr
