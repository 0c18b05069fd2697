"""`reliakit check`."""

import json
import socket
from pathlib import Path

import pytest

from tests.cli.files import BAD, GOOD, UNREACHABLE
from tests.cli.running import on_terminal, reliakit


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("good", GOOD), ("bad", BAD), ("unreachable", UNREACHABLE)):
        (tmp_path / f"{name}.yaml").write_text(text, "utf-8")
    return tmp_path


def test_a_pipeline_passes_on_a_good_file(folder):
    found = reliakit("check", "good.yaml", cwd=folder)
    assert (found.returncode, found.stdout) == (0, "")
    assert found.stderr == "good.yaml: no problems; 2 flags, 0 rollouts\n"


def test_a_pipeline_stops_on_a_bad_file_and_gets_a_line_for_every_problem(folder):
    found = reliakit("check", "bad.yaml", cwd=folder)
    assert found.returncode == 1
    lines = found.stdout.splitlines()
    assert [line.split(": ")[0] for line in lines] == ["bad.yaml:4", "bad.yaml:6", "bad.yaml:9"]
    assert "flags.new_checkout.percentage: expected a percentage from 0 to 100, got 110" in lines[0]
    assert 'did you mean "enabled"?' in lines[1]
    assert found.stderr == "bad.yaml: 2 errors, 1 warning\n"


def test_a_warning_alone_is_shown_and_stops_nobody(folder):
    found = reliakit("check", "unreachable.yaml", cwd=folder)
    assert found.returncode == 0
    assert found.stdout.startswith("unreachable.yaml:4: warning: routes[1]: this route can't be reached")
    assert found.stderr == "unreachable.yaml: 1 warning\n"


def test_a_program_gets_the_same_problems_as_fields(folder):
    found = reliakit("check", "bad.yaml", "--json", cwd=folder)
    report = json.loads(found.stdout)
    assert (found.returncode, report["ok"], report["errors"], report["warnings"]) == (1, False, 2, 1)
    assert report["problems"][0] == {
        "severity": "error",
        "line": 4,
        "column": None,
        "path": ["flags", "new_checkout", "percentage"],
        "where": "flags.new_checkout.percentage",
        "message": "expected a percentage from 0 to 100, got 110",
        "hint": None,
    }


def test_a_person_sees_the_line_that_is_wrong_in_colour(folder):
    code, shown = on_terminal("check", "bad.yaml", cwd=folder)
    assert code == 1
    assert "flags.new_checkout" in shown
    assert "4 │     percentage: 110" in shown
    assert "\x1b[1;31merror" in shown


def test_a_person_who_wants_no_colours_gets_none(folder):
    code, shown = on_terminal("check", "bad.yaml", cwd=folder, env={"NO_COLOR": "1"})
    assert (code, "\x1b[3" in shown, "\x1b[1;3" in shown) == (1, False, False)
    assert "4 │     percentage: 110" in shown


def test_brackets_of_a_definition_are_not_eaten_as_markup(folder):
    (folder / "odd.yaml").write_text("format: 1\nflags:\n  a: {percentage: '[red]1[/red]'}\n", "utf-8")
    _, shown = on_terminal("check", "odd.yaml", cwd=folder)
    assert "{percentage: '[red]1[/red]'}" in shown


@pytest.mark.parametrize(
    "text", [b"", b"\xff\xfe\x00", b"flags: [", b"- 1\n", b"format: 1\nflags: {a: {b: [\x07]}}"]
)
def test_a_file_that_is_no_document_at_all_gives_a_line_and_no_traceback(folder, text):
    (folder / "broken.yaml").write_bytes(text)
    for shown in (
        reliakit("check", "broken.yaml", cwd=folder).stdout,
        on_terminal("check", "broken.yaml", cwd=folder)[1],
    ):
        assert shown
        assert "Traceback" not in shown


def test_toml_and_json_are_checked_by_the_same_command(folder):
    (folder / "flags.toml").write_text("format = 1\n[flags.a]\npercentage = 110\n", "utf-8")
    (folder / "flags.json").write_text('{"format": 1, "flags": {"a": {"percentage": 110}}}', "utf-8")
    for name in ("flags.toml", "flags.json"):
        found = reliakit("check", name, cwd=folder)
        assert found.returncode == 1
        assert "expected a percentage from 0 to 100, got 110" in found.stdout


@pytest.mark.parametrize("name", ["missing.yaml", "."])
def test_a_file_that_cannot_be_read_is_one_clear_line_and_no_problem_of_its_content(folder, name):
    found = reliakit("check", name, cwd=folder)
    assert (found.returncode, found.stdout) == (2, "")
    assert found.stderr.startswith(f"reliakit: {name}: ")
    assert len(found.stderr.splitlines()) == 1


def test_it_tries_the_endpoints_of_upstreams_where_it_is_asked_to(tmp_path: Path) -> None:
    """Otherwise a wrong port is found by the first visitor."""
    with socket.create_server(("127.0.0.1", 0)) as there, socket.create_server(("127.0.0.1", 0)) as closed:
        ports = there.getsockname()[1], closed.getsockname()[1]
        closed.close()
        file = tmp_path / "reliakit.yaml"
        file.write_text(
            "format: 1\nupstreams:\n  shop:\n    endpoints:\n"
            + "".join(f'      - {{url: "http://127.0.0.1:{port}"}}\n' for port in ports)
            + "routes: [{path_prefix: /, upstream: shop}]\n"
        )
        tried = reliakit("check", "reliakit.yaml", "--connect", cwd=tmp_path)
    assert tried.returncode == 0
    warnings = [line for line in tried.stdout.splitlines() if "warning" in line]
    assert [line.partition("reliakit.yaml:")[2].partition(":")[0] for line in warnings] == ["6"]
    assert "endpoints[1].url: no connection comes about: " in warnings[0]
    assert reliakit("check", "reliakit.yaml", cwd=tmp_path).stdout == ""
