"""`reliakit status` and `reliakit journal`: everything at one look, and all that happened."""

import asyncio
import json
import os

import msgspec
import pytest

from reliakit.runtime.journal import chained
from reliakit.stores.protocol import Report
from reliakit.stores.sqlite import SQLiteStore
from tests.cli.operating import objects, said, serving, written
from tests.cli.running import reliakit
from tests.servers.serving import free_port, until


@pytest.fixture
def folder(tmp_path):
    return written(tmp_path).parent


def test_workers_are_listed_with_what_they_run_and_when_they_last_reported(folder):
    """Nobody could tell a fleet that is in step from one that is half dead."""
    with serving(folder / "reliakit.yaml") as shop:
        shop.until(shop.state)
        shown = said(folder, "status")
        (worker,) = [line for line in shown.splitlines() if line.startswith("worker: ")]
        assert f"  {os.getpid()}  " in worker
        assert "scope: this host, 1 worker, last report " in shown
        assert "rollout: shop: no release yet, all in blue" in shown
        (found,) = json.loads(said(folder, "status", "--json"))["workers"]
        assert (found["pid"], found["live"]) == (os.getpid(), True)


def test_workers_out_of_step_and_a_file_with_problems_are_said_to_be_problems(folder):
    """Half a deploy would look like a whole one."""
    abouts = [{"host": "a", "pid": 1, "revision": "one"}, {"host": "b", "pid": 2, "revision": "two"}]
    abouts[0]["stopped"] = ["shop"]
    asyncio.run(_published(folder, abouts))
    said(folder, "rollout", "start", "shop", "--version", "1")
    shown = said(folder, "status", code=1)
    assert "problem: live workers run 2 revisions of the definitions: one and two" in shown
    assert "problem: shop: 1 on a sends nothing to the canary, by its own evidence" in shown


def test_endpoints_that_get_no_requests_are_shown_and_an_upstream_without_any_is_a_problem(folder, kit_of):
    """Whoever is called at night would ask every server by hand which of them the workers still use."""
    file, gone = folder / "reliakit.yaml", f"http://127.0.0.1:{free_port()}"
    check = "health_check: {tcp: true, interval: 100ms, unhealthy_threshold: 1}"
    section = (
        f'upstreams: {{far: {{endpoints: [{{url: "{gone}"}}], {check}}}}}\nroutes: [{{upstream: far}}]\n'
    )
    file.write_text(f"format: 1\n{section}")
    kit = kit_of(file)
    kit.gateway()
    kit.enabled("anything", "somebody")
    line = f"upstream: far: 1 endpoint; {gone} is unhealthy (1 of 1 worker)"
    until(lambda: line in reliakit("status", cwd=folder).stdout, 20)
    shown = said(folder, "status", code=1)
    assert "problem: far: no endpoint is well, say 1 of 1 worker" in shown
    told = json.loads(said(folder, "status", "--json", code=1))["upstreams"]["far"]
    unwell = [{"endpoint": gone, "status": "unhealthy", "workers": 1}]
    assert told == {"endpoints": 1, "workers": 1, "lost": 1, "unwell": unwell}


async def _published(folder, abouts) -> None:
    store = SQLiteStore(folder / ".reliakit" / "reliakit.db")
    for number, about in enumerate(abouts):
        text = msgspec.json.encode(about).decode()
        await store.publish(Report(f"worker-{number}", 1, about=text))
    await store.close()


def test_the_file_is_found_by_the_variable_that_applications_go_by(folder, tmp_path_factory):
    """An operator would look at another file, and another store, than the application of the same environment."""
    said(folder, "rollout", "start", "shop", "--version", "7.7")
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    named = {"RELIAKIT_CONFIG": str(folder / "reliakit.yaml")}
    assert "(7.7 in green)" in reliakit("status", cwd=elsewhere, env=named).stdout
    assert reliakit("status", cwd=elsewhere).returncode == 2


def test_a_store_that_is_away_is_said_to_be_and_the_file_is_shown_all_the_same(folder):
    """The page that one looks at in an outage must not fail because of it."""
    shown = reliakit("status", "--store", "redis://127.0.0.1:1", cwd=folder)
    assert shown.returncode == 2
    assert "file: reliakit.yaml: 3 flags, 2 rollouts" in shown.stdout
    assert "store: redis://127.0.0.1:1: " in shown.stdout
    found = json.loads(reliakit("status", "--store", "redis://127.0.0.1:1", "--json", cwd=folder).stdout)
    assert found["store"]["reachable"] is False


def test_changes_of_the_file_are_in_the_journal_beside_releases(folder):
    """What changed before it broke is the first question, and half of the answers are edits."""
    file = folder / "reliakit.yaml"
    with serving(file) as shop:
        shop.until(lambda: "changed" in said(folder, "journal") or shop.state())
        edited = folder / "edited"
        edited.write_text(file.read_text().replace("percentage: 100", "percentage: 20"))
        os.replace(edited, file)
        shop.until(lambda: "new_checkout: 100 % -> 20 %" in said(folder, "journal", "--since", "1m"))
    assert "new_checkout" not in said(folder, "journal", "--rollout", "shop")


def test_a_journal_of_many_pages_is_shown_and_verified_over_their_edges(folder):
    """An edit at the edge of a page would go unseen, and a long journal would fill the memory."""
    asyncio.run(_written(folder, 2_500))
    lines = objects(said(folder, "journal", "--json"))
    assert [each["number"] for each in lines] == list(range(1, 2_501))
    assert said(folder, "journal", "--verify") == "2,500 entries, 1 to 2500: the chain is whole\n"
    assert said(folder, "journal", "--since", "1h") == ""
    asyncio.run(_cut(folder, 1_001))
    shown = said(folder, "journal", "--verify", code=1)
    assert shown == "entry 1002: 1001 is missing before it\n"


async def _written(folder, number: int) -> None:
    store = SQLiteStore(folder / ".reliakit" / "reliakit.db")
    events = ({"kind": "note", "what": f"thing {each}", "at": 1.0} for each in range(number))
    assert await store.commit([], chained(None, events), 0)
    await store.close()


async def _cut(folder, number: int) -> None:
    import sqlite3

    with sqlite3.connect(folder / ".reliakit" / "reliakit.db") as store:
        store.execute("DELETE FROM journal WHERE number = ?", [number])
    store.close()


def test_the_sql_of_a_migration_is_printed_for_whoever_may_run_it(folder):
    """An administrator who lets no program change tables would have nothing to run."""
    shown = said(folder, "store", "migrate", "--sql", "--schema", "shop")
    assert "CREATE TABLE IF NOT EXISTS shop.documents" in shown
    assert "only PostgreSQL" in reliakit("store", "migrate", cwd=folder).stderr
    assert (
        "can't name a schema" in reliakit("store", "migrate", "--sql", "--schema", "a;b", cwd=folder).stderr
    )
