"""Orders to regions, before any worker and against whatever is in their way, and what there is to see."""

import json
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from reliakit.cli.program import program
from tests.cli.operating import objects, said
from tests.cli.running import on_terminal

DEFINITIONS = """\
format: 1
store: sqlite:///regions.db
upstreams:
  shop:
    endpoints: [{url: "http://10.0.1.5:8000", region: eu}, {url: "http://10.9.1.5:8000", region: us}]
    recovery: {strategy: warm_standby, regions: [eu, us], rto: 60s}
  stock: {endpoints: [{url: "http://10.0.1.6:8000"}]}
routes: [{path_prefix: /stock, upstream: stock}, {upstream: shop}]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "reliakit.yaml").write_text(DEFINITIONS)
    return tmp_path


def status(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(said(folder, "failover", "status", "shop", "--json"))
    return found


def test_orders_can_be_given_before_any_worker_runs_and_are_journalled_with_who_gave_them(
    folder: Path,
) -> None:
    """Otherwise whoever sees a storm coming can do nothing before the deploy, and nobody knows afterwards who did."""
    assert (status(folder)["phase"], status(folder)["rto"]) == (
        "Serving",
        {"measured": None, "objective": 60.0},
    )
    said(folder, "failover", "start", "shop", "--to", "us", "--reason", "a storm", "--as", "ada")
    found = status(folder)
    assert (found["phase"], found["away"], found["to"], found["asked"]) == ("Preparing", "eu", "us", True)
    said(folder, "failover", "cancel", "shop", "--reason", "it passed by")
    assert status(folder)["phase"] == "Serving"
    told = json.loads(said(folder, "failover", "drill", "shop", "--json"))
    assert (told["drill"], [event["what"] for event in told["events"]]) == (True, ["drill"])
    entries = objects(said(folder, "journal", "--json"))
    assert [each["event"]["what"] for each in entries] == ["started", "cancelled", "drill"]
    assert entries[0]["event"]["actor"][:2] == ["person", "ada"]
    assert "shop: started: failed over by hand: a storm - ada" in said(folder, "journal")
    assert said(folder, "journal", "--verify").endswith("the chain is whole\n")


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("back", "shop"), 1, "shop: can't back while it is Serving; what can be done: drill, start"),
        (("retry", "shop"), 1, "what can be done: drill, start"),
        (("start", "shop", "--to", "eu"), 1, "'eu' is none of us"),
        (("start", "shpo"), 2, "there is no upstream 'shpo'; did you mean \"shop\"?"),
        (("status", "stock"), 2, "the regions of stock do not stand in for each other"),
        (("start", "shop", "--store", "redis://127.0.0.1:1"), 2, "127.0.0.1:1"),
    ],
)
def test_what_makes_no_sense_says_what_would_and_changes_nothing(
    arguments: tuple[str, ...], code: int, told: str, folder: Path
) -> None:
    """Otherwise an operator at night has to guess, or believes that something was done."""
    with chdir(folder):
        done = CliRunner().invoke(program, ["failover", *arguments], prog_name="reliakit")
    assert (done.exit_code, done.stdout) == (code, "")
    assert told in done.stderr
    assert said(folder, "journal") == ""


def test_a_person_sees_where_it_stands_and_what_it_has_cost(folder: Path) -> None:
    """Otherwise the one page that is looked at in a disaster does not say where the traffic goes."""
    said(folder, "failover", "start", "shop")
    code, shown = on_terminal("failover", "status", "shop", cwd=folder)
    assert code == 0
    for part in (
        "Preparing",
        "eu is left, us stands in",
        "eu gets 100 %",
        "us gets 0 %",
        "objective 60 s",
        "none can tell",
    ):
        assert part in shown
    assert "regions: shop: Preparing, 0 % away from eu: failed over by hand" in said(folder, "status")
    assert json.loads(said(folder, "status", "--json"))["regions"]["shop"]["phase"] == "Preparing"
    plain = said(folder, "failover", "status", "shop")
    assert plain.startswith("scope: this host, no worker reports")
    assert "phase: Preparing" in plain
