"""Orders to rollouts, before any worker and against whatever is in their way."""

import asyncio
import json
import os
import socket
import sqlite3
from pathlib import Path
from pwd import getpwuid

import pytest

from reliakit import Reliakit
from reliakit.definitions.documents import read, run
from reliakit.definitions.loading import load
from reliakit.definitions.rollouts import rollout_definition
from reliakit.rollouts.adoption import adopt
from reliakit.rollouts.state import RolloutState
from reliakit.rollouts.transitions import began
from reliakit.runtime.documents import Versioned
from reliakit.runtime.reconciler import Known, Reconciler
from reliakit.stores.sqlite import SQLiteStore
from tests.cli.operating import SHOP, objects, said, written
from tests.cli.running import COMMAND, environment, on_terminal, reliakit


@pytest.fixture
def folder(tmp_path) -> Path:
    return written(tmp_path).parent


def place(folder: Path) -> tuple[str, float, str]:
    found = json.loads(said(folder, "rollout", "status", "shop", "--json"))
    return found["phase"], found["weights"]["green"], found["stable"]


def test_every_order_can_be_given_before_any_worker_runs(folder):
    """A release that is prepared before the deploy, or ended while all is down, must not need a live application."""
    said(folder, "rollout", "start", "shop", "--version", "1")
    assert place(folder) == ("Pending", 50, "blue")
    said(folder, "rollout", "pause", "shop", "--reason", "lunch")
    assert place(folder) == ("Paused", 50, "blue")
    said(folder, "rollout", "resume", "shop")
    said(folder, "rollout", "promote", "shop")
    assert place(folder) == ("Running", 80, "blue")
    said(folder, "rollout", "abort", "shop")
    assert place(folder) == ("Failed", 0, "blue")
    said(folder, "rollout", "retry", "shop")
    said(folder, "rollout", "promote", "shop", "--full")
    assert place(folder) == ("Successful", 100, "green")
    said(folder, "rollout", "rollback", "shop")
    assert place(folder) == ("Failed", 0, "blue")
    entries = objects(said(folder, "journal", "--json"))
    assert [each["number"] for each in entries] == list(range(1, 9))
    assert [each["event"]["what"] for each in entries] == [
        "started", "paused", "resumed", "advanced", "aborted", "retried", "promoted", "rolled_back",
    ]  # fmt: skip


def test_an_order_that_makes_no_sense_says_what_would_and_changes_nothing(folder):
    """People would believe that something was done."""
    for order in (("promote", "shop"), ("rollback", "shop"), ("resume", "shop")):
        refused = reliakit("rollout", *order, cwd=folder)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "shop has no release yet; start one" in refused.stderr
    refused = reliakit("rollout", "start", "shop", "--to", "blue", "--version", "1", cwd=folder)
    assert (refused.returncode, "blue is stable; release to green" in refused.stderr) == (1, True)
    assert said(folder, "journal") == ""


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("shpo",), "there is no rollout 'shpo'; did you mean \"shop\"?"),
        (("fixed",), "fixed has a fixed weight and knows no releases"),
        (("shop", "--store", "memory"), "the memory of a process, which no command can reach"),
        (("shop", "--file", "elsewhere.yaml"), "elsewhere.yaml: No such file"),
        (("shop", "--store", "redis://127.0.0.1:1"), "127.0.0.1:1"),
    ],
)
def test_what_can_not_be_reached_is_named_without_a_traceback(folder, arguments, told):
    """At night a traceback helps nobody."""
    for order in ("pause", "status"):
        failed = reliakit("rollout", order, *arguments, cwd=folder)
        assert (failed.returncode, failed.stdout) == (2, "")
        assert told in failed.stderr
        assert "Traceback" not in failed.stderr


def test_who_only_looks_makes_no_file_that_the_application_could_not_write_to(folder):
    """`sudo reliakit status` before the first start would keep the application from its own store."""
    for look in (("status",), ("rollout", "status", "shop"), ("rollout", "history", "shop"), ("journal",)):
        shown = reliakit(*look, cwd=folder)
        assert (
            "no worker reports: does the app run on this host, with this file?" in shown.stdout + shown.stderr
        )
    assert not (folder / ".reliakit").exists()


def test_a_shell_with_an_old_file_is_warned_that_another_is_in_force(folder):
    """An order would follow steps that the workers know nothing of."""
    in_force, old = SHOP.format(store="sqlite").replace("[50, 80]", "[10]"), SHOP.format(store="sqlite")
    state = RolloutState("shop", "blue")
    for text in (old, in_force):
        document, _ = run(read(text.encode(), "it"))
        assert document is not None
        definitions = run(load(document, {})).definitions
        assert definitions is not None
        definition = rollout_definition("shop", definitions.rollouts["shop"])
        assert definition is not None
        moving = began(definition, state, 0.0)
        adopt(moving)
        state = moving.state
    store = SQLiteStore(folder / ".reliakit" / "reliakit.db")
    assert asyncio.run(_committed(store, state))
    warned = reliakit("rollout", "start", "shop", "--version", "1", cwd=folder)
    assert "another definition is in force, and this one was before" in warned.stderr
    assert warned.returncode == 0
    assert "another definition" in said(folder, "rollout", "status", "shop")


async def _committed(store: SQLiteStore, state: RolloutState) -> bool:
    done = await Reconciler(store, dict, Known()).commit(Versioned(state), state, ())
    await store.close()
    return done


def test_orders_at_one_moment_are_all_carried_out_and_none_twice(folder):
    """Two people in one incident would undo each other's orders, or break the chain."""
    said(folder, "rollout", "start", "shop", "--version", "1")

    async def pause(number: int) -> int:
        order = ("rollout", "pause", "shop", "--reason", f"number {number}")
        process = await asyncio.create_subprocess_exec(
            *COMMAND, *order, cwd=folder, env=environment(), stdout=-3, stderr=-3
        )
        return await process.wait()

    async def all_at_once() -> list[int]:
        return await asyncio.gather(*map(pause, range(6)))

    assert asyncio.run(all_at_once()) == [0] * 6
    sentences = [each["event"]["sentence"] for each in objects(said(folder, "journal", "--json"))]
    assert sorted(sentences[1:]) == [f"paused: number {number}" for number in range(6)]
    said(folder, "journal", "--verify")


def test_a_broken_file_does_not_keep_anybody_from_aborting(folder):
    """A typo in an unrelated place would hold up the one order that can't wait."""
    file = folder / "reliakit.yaml"
    kit = Reliakit(file)  # which keeps a last good copy
    kit.close()
    said(folder, "rollout", "start", "shop", "--version", "1")
    file.write_text(
        file.read_text().replace("percentage: 100", "percentage: 1000").replace("initial", "initail")
    )
    warned = reliakit("rollout", "abort", "shop", cwd=folder)
    assert warned.returncode == 0
    assert "its last good form is used" in warned.stderr
    assert place(folder)[0] == "Failed"


def test_a_state_of_a_newer_reliakit_is_said_to_be_one(folder):
    """After a rollback of reliakit itself people would look for the fault in their file."""
    said(folder, "rollout", "start", "shop", "--version", "1")
    with sqlite3.connect(folder / ".reliakit" / "reliakit.db") as store:
        store.execute("UPDATE documents SET text = replace(text, '\"version\":1', '\"version\":99')")
    store.close()
    failed = reliakit("rollout", "status", "shop", cwd=folder)
    assert failed.returncode == 2
    assert "can't read version 99 of" in failed.stderr


def test_a_person_at_a_terminal_gets_tables_without_colours_they_turned_off(folder):
    """A screen reader, or a log of a session, would be full of escapes."""
    said(folder, "rollout", "start", "shop", "--version", "2.4.1")
    for look in (
        ("rollout", "status", "shop"),
        ("rollout", "history", "shop"),
        ("status",),
        ("flag", "list"),
    ):
        code, shown = on_terminal(*look, cwd=folder, env={"NO_COLOR": "1"})
        assert code == 0
        assert "2.4.1" in shown or "new_checkout" in shown
        assert "\x1b[3" not in shown
    said(folder, "rollout", "abort", "shop")
    code, shown = on_terminal("rollout", "status", "shop", "--watch", cwd=folder)
    assert (code, "Failed" in shown) == (0, True)


def test_who_gave_an_order_can_claim_a_name_and_not_a_user(folder):
    """The journal would blame whomever a variable of a shell names."""
    forged = {"USER": "mallory", "LOGNAME": "mallory", "SUDO_USER": "bob"}
    assert reliakit("rollout", "start", "shop", "--version", "1", cwd=folder, env=forged).returncode == 0
    (entry,) = objects(said(folder, "journal", "--json"))
    assert entry["event"]["actor"] == ["person", "bob", getpwuid(os.getuid()).pw_name, socket.gethostname()]
