"""`reliakit rollout plan`."""

import json
from pathlib import Path

import pytest

from tests.cli.running import on_terminal, reliakit

FILE = """\
format: 1
upstreams: {shop-v2: in_process}
rollouts:
  shop:
    slots: {blue: {upstream: app}, green: {upstream: shop-v2}}
    initial: blue
    steps: [5, {weight: 40, bake: 1h, gate: manual}, {weight: 80, pause: 30m, gate: {webhook: "https://gate.example.com/"}}]
    deadline: 6h
    analysis:
      metrics: {order: {better: higher}}
      guards: [{error_rate: 5%, for: 2m}]
  api:
    slots: {blue: {upstream: app}, green: {upstream: shop-v2}}
    initial: blue
    strategy: blue_green
    pre_promotion: {bake: 5m, requests: 100}
    post_promotion: {bake: 10m}
    analysis: {guards: [{error_rate: 5%, for: 2m}]}
  pricing:
    slots: {old: {upstream: app}, new: {upstream: shop-v2}}
    initial: old
    strategy: ab
    weight: 50
  fixed:
    slots: {old: {upstream: app}, new: {upstream: shop-v2}}
    initial: old
    weight: 10
"""


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "reliakit.yaml").write_text(FILE, "utf-8")
    return tmp_path


def plan(here: Path, *arguments: str):
    return reliakit("rollout", "plan", *arguments, cwd=here)


def as_json(here: Path, *arguments: str):
    return json.loads(plan(here, *arguments, "--json").stdout)


def test_a_pipe_gets_a_line_for_each_step_and_one_for_the_release(here):
    """Otherwise nobody knows before the start whether a release takes minutes or days."""
    found = plan(here, "shop", "--rps", "50")
    assert found.returncode == 0
    first, second, third, release, *regressions = found.stdout.splitlines()
    assert first.startswith("5 %: expected 1")
    assert "requests), worst" in first
    assert second.startswith("40 %: expected 1 h (")
    assert second.endswith("; then waits for a person")
    assert third.endswith("; then waits for its webhook")
    assert release.startswith("release: expected ")
    assert release.endswith(", without what its gates take")
    assert [line.split(": ")[0] for line in regressions] == ["2x worse at 5 %", "10x worse at 5 %"]
    assert all("rolled back after " in line for line in regressions)
    assert "50 requests a second, of which 0.5 % fail" in found.stderr
    assert "judged too, at rates that are not known here: order" in found.stderr


def test_a_person_sees_a_table(here):
    code, shown = on_terminal("rollout", "plan", "shop", "--rps", "50", cwd=here)
    assert code == 0
    for word in ("step", "expected", "worst", "at worst", "waits for a person", "10x worse at 5 %"):
        assert word in shown


def test_a_program_reads_seconds_and_requests(here):
    report = as_json(here, "shop", "--rps", "50")
    first, second, third = report["steps"]
    assert first["seconds"]["expected"] == pytest.approx(first["requests"]["expected"] / 50, abs=0.1)
    assert 0 < first["seconds"]["expected"] < first["seconds"]["worst"]
    assert (second["seconds"]["expected"], second["gate"], second["bake"]) == (3600, "manual", 3600)
    assert third["seconds"]["expected"] > third["pause"] == 1800
    assert report["seconds"]["worst"] < sum(step["seconds"]["worst"] for step in report["steps"])
    assert [each["times"] for each in report["regressions"]] == [2, 10]
    assert {step["deadline"] for step in report["steps"]} == {"kept"}
    assert report["unplanned"] == ["order"]


def test_too_little_traffic_for_the_deadline_is_told_with_what_to_do(here):
    """Otherwise people find out six hours after the start."""
    found = plan(here, "shop", "--rps", "0.5")
    assert found.returncode == 1
    wanted = "5 %: inconclusive after 6 h: widen margin, raise the weight, or lengthen deadline"
    assert wanted in found.stderr.splitlines()
    steps = as_json(here, "shop", "--rps", "0.5")["steps"]
    assert steps[0]["deadline"] == "missed"


def test_a_step_that_may_miss_its_deadline_is_no_failure(here):
    found = plan(here, "shop", "--rps", "4")
    assert found.returncode == 0
    assert "5 %: in one of twenty releases or more inconclusive after 6 h" in found.stderr


def test_the_base_rate_is_what_people_have_measured(here):
    """Otherwise the plan of a good service is that of an average one."""
    usual, better, never = (
        as_json(here, "shop", "--rps", "5", "--base-rate", rate) for rate in ("0.5%", "0.1", "0")
    )
    expected = [report["steps"][0]["requests"]["expected"] for report in (usual, better, never)]
    assert expected == sorted(expected, reverse=True)
    assert better["base_rate"] == pytest.approx(0.001)
    assert [each["seconds"] for each in never["regressions"]] == [None, None]
    assert "worse" not in plan(here, "shop", "--rps", "5", "--base-rate", "0").stdout


def test_blue_green_bakes(here):
    found = plan(here, "api", "--rps", "5")
    assert found.stdout.splitlines() == [
        "preview: expected 5 min, worst 5 min; then waits for a person",
        "100 %: expected 10 min, worst 10 min",
        "release: expected 15 min, worst 15 min, without what its gates take",
    ]
    assert "preview: needs 100 requests" in found.stderr


def test_an_ab_test_is_held(here):
    found = plan(here, "pricing", "--rps", "5")
    assert found.returncode == 0
    assert "held at its weight until somebody promotes or aborts it" in found.stdout.splitlines()
    assert "release:" not in found.stdout
    assert as_json(here, "pricing", "--rps", "5")["deadline"] is None


def test_a_dry_run_is_not_planned_as_if_it_went_on_by_itself(here):
    text = FILE.replace("analysis:\n      metrics", "analysis:\n      dry_run: true\n      metrics")
    (here / "dry.yaml").write_text(text, "utf-8")
    found = plan(here, "shop", "--rps", "50", "--file", "dry.yaml")
    assert "dry run: the evidence would suffice by then, and nothing advances" in found.stderr


def test_a_fixed_weight_needs_no_plan(here):
    found = plan(here, "fixed", "--rps", "5")
    assert found.returncode == 2
    assert "fixed has a fixed weight and knows no releases" in found.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("shpo", "--rps", "5"), "there is no rollout 'shpo'; did you mean \"shop\"?"),
        (("zzz", "--rps", "5"), "there are api, fixed, pricing or shop"),
        (("shop", "--rps", "0"), "0<x"),
        (("shop", "--rps", "nan"), "expected a number above 0"),
        (("shop",), "--rps"),
        (("shop", "--rps", "5", "--base-rate", "100%"), "expected a percentage such as 0.5%"),
        (("shop", "--rps", "5", "--base-rate", "nan"), "expected a percentage such as 0.5%"),
        (("shop", "--rps", "5", "--base-rate", "few"), "expected a percentage such as 0.5%"),
        (("shop", "--rps", "5", "--file", "none.yaml"), "none.yaml: No such file"),
    ],
)
def test_a_slip_is_told_in_one_line_with_what_was_meant(here, arguments, said):
    """Otherwise it ends in a traceback, or worse, in a plan for something else."""
    found = plan(here, *arguments)
    assert found.returncode == 2
    assert said in found.stderr
    assert "Traceback" not in found.stderr


def test_a_misspelt_subcommand_is_told_which_was_meant(here):
    found = reliakit("rollout", "plann", cwd=here)
    assert found.returncode == 2
    assert "did you mean 'plan'?" in found.stderr
