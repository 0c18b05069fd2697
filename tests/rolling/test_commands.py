"""Replacements are started, looked at and overruled by command; without a worker that carries anything out."""

import asyncio
import json
import os
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from reliakit.failover.rolling.state import RollingState
from reliakit.runtime.last_good import state_folder
from reliakit.stores.opening import Address, beside, open_store
from reliakit.stores.protocol import Report, Store, Write
from tests.cli.operating import said

_FILE = """\
format: 1
upstreams:
  shop:
    endpoints: [{url: http://10.0.0.1:8000}, {url: http://10.0.0.2:8000}, {url: http://10.0.0.3:8000, spare: true}]
    rolling:
      replace: {command: [./replace.sh]}
      undo: {command: [./undo.sh]}
      stop: {command: [./stop.sh]}
      max_surge: 1
  plain: {endpoints: [{url: http://10.0.0.9:8000}]}
routes: [{upstream: shop}]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    file = tmp_path / "reliakit.yaml"
    file.write_text(_FILE)
    os.utime(file, (time.time() - 60,) * 2)
    return tmp_path


def stored(folder: Path, work: Callable[[Store], Awaitable[Any]]) -> Any:
    """Does something with the store that the commands use."""

    async def done() -> Any:
        store = open_store(Address("sqlite"), beside(folder / "reliakit.yaml", state_folder(os.environ)))
        try:
            return await work(store)
        finally:
            await store.close()

    return asyncio.run(done())


def rolling(folder: Path, *arguments: str, code: int = 0) -> str:
    return said(folder, "rolling", *arguments, code=code)


def test_a_replacement_is_ordered_shown_and_journalled_with_who_did_it(folder):
    """Otherwise nobody can tell what is being deployed, since when, and by whom."""
    assert "phase: none was ever started" in rolling(folder, "status", "shop")
    told = rolling(folder, "start", "shop", "--version", "2.4.1", "--as", "ada", "--reason", "the cart")
    assert (
        told
        == "shop: replacement 1 (2.4.1) Running, 0 of 2 replaced: replacing 2 endpoints by 2.4.1: the cart\n"
    )
    assert "shop: replacement 1 (2.4.1) Paused" in rolling(folder, "pause", "shop")
    shown = rolling(folder, "status", "shop")
    assert "phase: Paused\n" in shown
    assert "endpoint: http://10.0.0.1:8000 old\n" in shown
    assert "spare" not in shown
    assert "resumed: all is well" in rolling(folder, "resume", "shop", "--reason", "all is well")
    assert "Undoing" in rolling(folder, "abort", "shop")
    lines = said(folder, "journal").splitlines()
    assert len(lines) == 4
    assert "shop: started: replacing 2 endpoints by 2.4.1: the cart - ada (" in lines[0]
    assert said(folder, "journal", "--upstream", "shop").splitlines() == lines
    assert said(folder, "journal", "--upstream", "plain") == ""
    assert "the chain is whole" in said(folder, "journal", "--verify")


def test_an_order_that_makes_no_sense_changes_nothing_and_says_what_would(folder):
    """Otherwise two deploys run at once, or an operator does not learn why nothing happens."""

    def refused(*arguments: str, code: int = 1) -> str:
        with pytest.raises(AssertionError) as wrong:
            rolling(folder, *arguments)
        rolling(folder, *arguments, code=code)
        return str(wrong.value)

    assert "no replacement was ever started" in refused("abort", "shop")
    rolling(folder, "start", "shop", "--version", "2")
    assert "replacement 1 is Running: wait for it, or abort it" in refused("start", "shop")
    assert "can't resume a replacement that is Running; what can be done: abort, pause" in refused(
        "resume", "shop"
    )
    assert "plain does not say how its endpoints are replaced; give it `rolling`" in refused(
        "start", "plain", code=2
    )
    assert "did you mean" in refused("start", "shopp", code=2)
    assert len(said(folder, "journal").splitlines()) == 1


def test_programs_are_told_the_same(folder):
    """Otherwise a pipeline has to parse sentences."""
    started = json.loads(rolling(folder, "start", "shop", "--version", "2", "--json"))
    assert (started["phase"], started["replacement"], started["version"]) == ("Running", 1, "2")
    assert [event["what"] for event in started["events"]] == ["started"]
    shown = json.loads(rolling(folder, "status", "shop", "--json"))
    assert [(each["address"], each["spare"], each["step"]) for each in shown["endpoints"]] == [
        ("http://10.0.0.3:8000", True, "old"),
        ("http://10.0.0.1:8000", False, "old"),
        ("http://10.0.0.2:8000", False, "old"),
    ]
    assert shown["scope"]["workers"] == 0


def test_the_overview_shows_replacements_and_which_of_them_wait_for_somebody(folder):
    """Otherwise an endpoint that was not put back stays out until somebody asks for just that."""
    rolling(folder, "start", "shop", "--version", "2")
    assert "replacing: shop: replacement 1 (2) Running, 0 of 2 replaced" in said(folder, "status")
    stored(folder, partial(_put, phase="Error"))
    assert "problem: shop: a replacement waits for somebody: replacing 2" in said(folder, "status", code=1)
    told = json.loads(said(folder, "status", "--json", code=1))
    assert told["replacements"]["shop"]["phase"] == "Error"


def test_whoever_watches_learns_how_it_ended(folder):
    """Otherwise a pipeline goes on after a deploy that failed."""
    assert rolling(folder, "status", "shop", "--watch", code=1) == ""
    rolling(folder, "start", "shop")
    assert "Running" in rolling(folder, "status", "shop", "--watch", "--timeout", "0s", code=1)
    for phase, code in (("Successful", 0), ("Failed", 1)):
        stored(folder, partial(_put, phase=phase))
        assert phase in rolling(folder, "status", "shop", "--watch", code=code)


def test_workers_that_know_nothing_of_replacements_keep_one_from_starting(folder):
    """Otherwise a worker of the version before goes on sending requests to what is being replaced."""
    old = Report("web-7-old", 1, about='{"host": "web", "pid": 7}')
    new = Report("web-8-new", 1, about='{"host": "web", "pid": 8, "emptying": {}}')
    stored(folder, lambda store: store.publish(new))
    stored(folder, lambda store: store.publish(old))
    with pytest.raises(AssertionError, match="7 on web: these workers know nothing of replacements"):
        rolling(folder, "start", "shop")
    stored(folder, lambda store: store.retire("web-7-old", 0.0))
    rolling(folder, "start", "shop")


def test_the_next_one_knows_what_was_there_before(folder):
    """Otherwise what undoes a deploy does not know which version to put back."""
    first = _state(folder, "start", "shop", "--version", "1.0")
    assert (first.number, first.version, first.former) == (1, "1.0", "")
    for phase, former in (("Successful", "1.0"), ("Failed", "1.0"), ("Successful", "1.2")):
        stored(folder, partial(_put, phase=phase))
        number = _state(folder, "status", "shop").number
        found = _state(folder, "start", "shop", "--version", f"1.{number}")
        assert (found.number, found.former) == (number + 1, former)


def test_a_state_that_knows_no_versions_is_read(folder):
    """Otherwise a replacement that an earlier reliakit began can't be finished by this one."""
    record = _state(folder, "start", "shop", "--version", "2").to_record()
    del record["release"], record["former"]
    assert RollingState.from_record(record).version == ""


def _state(folder: Path, *arguments: str) -> RollingState:
    rolling(folder, *arguments)

    async def read(store: Store) -> RollingState:
        [document] = (await store.read(("rolling/",))).found.values()
        return RollingState.from_record(json.loads(document.text))

    found: RollingState = stored(folder, read)
    return found


async def _put(store: Store, phase: str) -> None:
    [(key, document)] = (await store.read(("rolling/",))).found.items()
    record = json.loads(document.text) | {"phase": phase}
    assert await store.commit([Write(key, json.dumps(record), document.version)])
