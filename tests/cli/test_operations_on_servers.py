"""The same operations where the scope is a fleet: on Valkey and on PostgreSQL."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.cli.cutting import cutting
from tests.cli.operating import objects, said, serving, written
from tests.cli.running import reliakit
from tests.stores.postgres import Postgres
from tests.stores.valkey import running


@pytest.fixture
def valkey(tmp_path) -> Iterator[str]:
    with running(tmp_path / "valkey") as server:
        yield server.url


@pytest.fixture
def postgres() -> Iterator[str]:
    server = Postgres()
    try:
        yield server.url()
    finally:
        server.stop()


@pytest.mark.parametrize("store", ["valkey", "postgres"])
def test_a_fleet_is_operated_as_a_host_is_and_named_by_its_store(store, request, tmp_path):
    """Who moves from one host to many would have to learn, and to trust, other commands."""
    url = request.getfixturevalue(store)
    folder = written(tmp_path, url).parent
    with serving(folder / "reliakit.yaml") as shop:
        shop.until(shop.state)
        scope = said(folder, "status").splitlines()[2]
        assert scope.startswith(f"scope: fleet, {url.split('://')[0]}://")
        assert ", 1 worker on 1 host, last report " in scope
        assert "s3cret" not in scope
        said(folder, "flag", "disable", "new_checkout", "--for", "4h", "--reason", "slow")
        shop.until(lambda: not shop.kit.enabled("new_checkout", "user-42"), 2)
        said(folder, "rollout", "start", "shop", "--version", "2.4.1")
        shop.until(lambda: shop.state().weight == 50, 2)
        said(folder, "rollout", "abort", "shop", "--reason", "wrong build")
        shop.until(lambda: shop.state().weight == 0, 2)
    assert "aborted: wrong build" in said(folder, "rollout", "explain", "shop")
    whats = [each["event"]["what"] for each in objects(said(folder, "journal", "--json"))]
    assert [what for what in whats if what in ("pinned", "started", "aborted")] == [
        "pinned",
        "started",
        "aborted",
    ]
    said(folder, "journal", "--verify")


def test_who_has_only_the_address_of_the_store_can_look(valkey, tmp_path):
    """In an outage one sits at another machine, without the file."""
    folder = written(tmp_path, valkey).parent
    said(folder, "rollout", "start", "shop", "--version", "2.4.1")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert "release 1 (2.4.1 in green) Pending" in said(elsewhere, "status", "--store", valkey)
    assert "started 2.4.1" in said(elsewhere, "journal", "--store", valkey)
    assert "started 2.4.1" in said(elsewhere, "rollout", "explain", "shop", "--store", valkey)


@pytest.mark.parametrize("store", ["valkey", "postgres"])
def test_an_order_whose_answer_is_lost_is_said_to_have_been_given_or_not(store, request, tmp_path):
    """Whoever is told that it failed gives it again, and whoever is told that it worked looks no further."""
    url = request.getfixturevalue(store)
    folder = written(tmp_path, url).parent
    said(folder, "rollout", "start", "shop", "--version", "2.4.1")
    with cutting(int(urlsplit(url).port or 0), b"cut here") as port:
        through = url.replace(f":{urlsplit(url).port}", f":{port}")
        told = reliakit("rollout", "abort", "shop", "--reason", "cut here", "--store", through, cwd=folder)
    assert (told.returncode, told.stdout) == (2, "")
    assert "it may or may not have been done: look with `reliakit rollout status shop`" in told.stderr
    assert "phase: Failed" in said(folder, "rollout", "status", "shop")
    assert said(folder, "journal").count("aborted: cut here") == 1


def test_the_tables_can_be_made_by_hand_before_anybody_uses_them(postgres, tmp_path):
    """With `auto_migrate: false` the first worker would find nothing."""
    store = f"{{url: '{postgres}', namespace: shop, auto_migrate: false}}"
    folder = written(tmp_path, store).parent
    assert reliakit("journal", cwd=folder).returncode == 2
    assert "(schema shop) is up to date" in said(folder, "store", "migrate")
    assert said(folder, "journal") == ""
