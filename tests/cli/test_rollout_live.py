"""A release from start to end by commands alone, with a live worker behind them."""

import json
import signal
import sqlite3
import subprocess
from collections.abc import Iterator

import pytest

from tests.cli.operating import Shop, objects, said, serving, written
from tests.cli.running import COMMAND, environment, reliakit


@pytest.fixture
def file(tmp_path):
    return written(tmp_path)


@pytest.fixture
def shop(file) -> Iterator[Shop]:
    with serving(file) as shop:
        yield shop


def _hears_the_keyboard():
    """What a shell starts in the background ignores it, and with it all that the tests would start there."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_a_bad_release_is_watched_rolled_back_and_explained_with_its_figures(shop, file):
    """People would be told that something went back, and never why."""
    folder = file.parent
    said(folder, "rollout", "start", "shop", "--to", "green", "--version", "2.4.1", "--as", "alice")
    watching = subprocess.Popen(
        [*COMMAND, "rollout", "status", "shop", "--watch", "--timeout", "60s"],
        cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=_hears_the_keyboard,  # noqa: PLW1509 - it takes no lock
    )  # fmt: skip
    assert watching.stdout is not None
    shop.broken = True
    try:
        first = watching.stdout.readline()
        shop.until(lambda: shop.state() and shop.state().phase == "Failed", 40, visitors=5)
    finally:
        watched, _ = watching.communicate(timeout=30)
    assert watching.returncode == 0
    assert "release 1 (2.4.1 in green) Pending at 50 %: " in first
    assert "release 1 (2.4.1 in green) Failed at 0 %: rolled back at step 50 %: " in watched.splitlines()[-1]

    story = said(folder, "rollout", "explain", "shop").splitlines()
    assert story[0].startswith("shop release 1: 2.4.1 in green, Failed after ")
    assert "started 2.4.1 in green - alice (" in story[1]
    (end,) = [line for line in story if "rolled back at step 50 %: " in line]
    for word in ("canary requests failed against 0 of", "on stable", "E = ", ">= 100"):
        assert word in end
    (release,) = json.loads(said(folder, "rollout", "history", "shop", "--json"))
    assert (release["phase"], release["ended"], release["version"]) == ("Failed", True, "2.4.1")
    assert said(folder, "journal", "--verify").endswith("the chain is whole\n")


def test_an_abort_reaches_the_worker_and_says_who_gave_it(shop, file):
    """An order that reaches nobody is worse than one that is refused."""
    folder = file.parent
    said(folder, "rollout", "start", "shop", "--version", "2.4.1")
    shop.until(lambda: shop.state() and shop.state().weight == 50)
    line = said(folder, "rollout", "abort", "shop", "--reason", "wrong build", "--as", "bob")
    assert line == "shop: release 1 (2.4.1 in green) Failed at 0 %: aborted: wrong build\n"
    shop.until(lambda: shop.state().weight == 0, 2)
    assert "aborted: wrong build" in said(folder, "rollout", "explain", "shop")
    assert "- bob (" in said(folder, "journal", "--rollout", "shop", "--since", "1h").splitlines()[-1]


def test_status_says_where_a_release_stands_and_who_has_it_in_force(shop, file):
    """The page that is looked at first in an incident must be complete, and true."""
    folder = file.parent
    said(folder, "rollout", "start", "shop", "--version", "2.4.1")
    shop.until(lambda: shop.state() and shop.state().phase == "Running", visitors=5)
    shop.until(lambda: "1 of 1 have" in said(folder, "rollout", "status", "shop"), visitors=5)
    shown = said(folder, "rollout", "status", "shop")
    lines = [line.split(": ", 1) for line in shown.splitlines()]
    facts = {**dict(lines), "evidence": "; ".join(fact for name, fact in lines if name == "evidence")}
    assert facts["scope"].startswith("this host, 1 worker, last report ")
    assert facts["phase"] == "Running"
    assert facts["weight"] == "blue 50 % (stable), green 50 %"
    assert facts["step"].startswith("1 of 2 (50, 80 %), for ")
    assert facts["workers"] == "1 of 1 have this state in force"
    assert facts["file"] == "asks for no release; in force"
    assert "errors, in favour: " in facts["evidence"]
    assert "errors, against: " in facts["evidence"]
    assert facts["evidence"].count(" E = ") == facts["evidence"].count("; ") + 1
    found = json.loads(said(folder, "rollout", "status", "shop", "--json"))
    assert (found["phase"], found["weights"], found["in_force"]) == (
        "Running",
        {"blue": 50, "green": 50},
        True,
    )
    assert {each["metric"] for each in found["evidence"]} >= {"errors"}


def test_a_script_that_waits_for_a_promotion_is_told_how_it_ended(shop, file):
    """A pipeline would deploy the next service on top of a release that was aborted."""
    folder = file.parent
    wait = ("rollout", "status", "shop", "--watch", "--until", "promoted", "--timeout")
    said(folder, "rollout", "start", "shop", "--version", "2.4.1")
    assert "the time is over" in reliakit(*wait, "1s", cwd=folder).stderr
    said(folder, "rollout", "promote", "shop", "--full")
    last = objects(said(folder, *wait, "20s", "--json"))[-1]
    assert (last["phase"], last["stable"]) == ("Successful", "green")
    said(folder, "rollout", "rollback", "shop")
    said(folder, *wait, "20s", code=1)


def test_verify_names_the_entry_that_somebody_has_edited_and_the_gap_that_somebody_has_left(shop, file):
    """A journal that can be rewritten proves nothing after an incident."""
    folder = file.parent
    said(folder, "rollout", "start", "shop", "--version", "2.4.1", "--as", "mallory")
    said(folder, "rollout", "pause", "shop")
    said(folder, "rollout", "abort", "shop")
    entries = objects(said(folder, "journal", "--json"))
    (number,) = [each["number"] for each in entries if each["event"]["what"] == "started"]
    with sqlite3.connect(folder / ".reliakit" / "reliakit.db") as store:
        store.execute(
            "UPDATE journal SET text = replace(text, 'mallory', 'alice') WHERE number = ?", [number]
        )
    store.close()
    shown = said(folder, "journal", "--verify", code=1)
    assert f"entry {number}: its text is not what was hashed" in shown
    with sqlite3.connect(folder / ".reliakit" / "reliakit.db") as store:
        store.execute("DELETE FROM journal WHERE number = ?", [number + 1])
    store.close()
    *places, told = objects(said(folder, "journal", "--verify", "--json", code=1))
    assert {"number": number + 2, "why": f"{number + 1} is missing before it"} in places
    assert told["broken"] == len(places)


def test_a_watch_is_ended_by_the_keyboard_and_the_release_is_not(shop, file):
    """People would fear to look, since leaving looked like an abort."""
    folder = file.parent
    said(folder, "rollout", "start", "shop", "--version", "2.4.1")
    watching = subprocess.Popen(
        [*COMMAND, "rollout", "status", "shop", "--watch"],
        cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=_hears_the_keyboard,  # noqa: PLW1509 - it takes no lock
    )  # fmt: skip
    assert watching.stdout is not None
    assert "Pending" in watching.stdout.readline()
    watching.send_signal(signal.SIGINT)
    _, told = watching.communicate(timeout=20)
    assert (watching.returncode, "Traceback" in told) == (130, False)
    assert shop.until(shop.state).active
