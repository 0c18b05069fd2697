"""What is edited in the database is in force in every process, and stays so while the database is away."""

import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import override_settings

from reliakit import ConfigurationError, Reliakit, SourceError
from reliakit.sources.memory import MemorySource
from reliakit.sources.overlay import Overlay
from reliakit_django import kit
from reliakit_django.stored import DatabaseSource
from reliakit_django.stored.models import StoredFlag, StoredSegment
from tests.servers.serving import until

pytestmark = pytest.mark.usefixtures("database")


def _save(key, definition, **switches):
    flag = StoredFlag.objects.filter(key=key).first() or StoredFlag(key=key)
    flag.definition = definition
    for name, value in switches.items():
        setattr(flag, name, value)
    flag.save(by="ann")


def test_an_edit_reaches_the_kit_of_the_settings(caplog):
    """Otherwise the admin would be a form that nobody reads."""
    _save("beta", "percentage: 0")
    StoredSegment(key="staff", definition="{plan: staff}").save()
    with override_settings(RELIAKIT={"SOURCE": "reliakit_django.stored.DatabaseSource"}):
        assert not kit().enabled("beta", "ann")
        assert kit().revision == "edit-2"
        with caplog.at_level(logging.INFO, "reliakit"):
            _save("beta", "rules: [{if: {segment: staff}}]")
            until(lambda: kit().enabled("beta", "ann", context={"plan": "staff"}))
            assert kit().revision == "edit-3"
            until(lambda: "definitions changed: revision: edit-2 -> edit-3" in caplog.text)
        _save("beta", "{}", killed=True)
        until(lambda: kit().evaluate("beta", user="ann").reason == "DISABLED")


def test_a_kit_may_start_before_anybody_has_edited_anything():
    """Otherwise a new project would not come as far as its first flag."""
    with override_settings(RELIAKIT={"SOURCE": DatabaseSource}):
        assert dict(kit().flags) == {}
        _save("beta", "{}")
        until(lambda: kit().enabled("beta", "ann"))


def test_rows_lie_on_a_file(kit_of):
    """Otherwise a project would have to choose between the admin and everything that rows can't say."""
    file = MemorySource(
        {"identity": {"targeting_key": ["identified"]}, "flags": {"theirs": {}, "beta": {"owner": "a"}}}
    )
    _save("beta", "percentage: 0", percentage=100)
    running = kit_of(Overlay(file, DatabaseSource(poll=0.05)))
    assert running.enabled("theirs", "ann")
    assert running.flags["beta"] == {"owner": "a", "percentage": 100}
    _save("beta", "percentage: 0", killed=True)
    until(lambda: not running.enabled("beta", "ann"))


def test_what_was_in_force_stays_while_the_database_is_away(database, kit_of):
    """Otherwise an outage of the database would be one of every flag, also for a worker that starts meanwhile."""
    _save("beta", "{}")
    source = DatabaseSource(poll=0.05)
    running = kit_of(source)
    assert running.enabled("beta", "ann")
    connection.close()
    content = database.read_bytes()
    database.write_bytes(b"no database at all, but long enough to be taken for one" * 30)
    until(lambda: running.status().problems)
    born_meanwhile = kit_of(DatabaseSource(poll=0.05))
    assert running.enabled("beta", "ann")
    assert born_meanwhile.enabled("beta", "ann")
    database.write_bytes(content)
    _save("beta", "enabled: false")
    until(lambda: not running.enabled("beta", "ann") and not born_meanwhile.enabled("beta", "ann"))


def test_a_missing_table_is_told_with_what_to_do(database):
    """Otherwise the first start would end in a traceback of SQL."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE reliakit_stored_storedflag")
    with pytest.raises(ConfigurationError, match=r"no such table.*manage\.py migrate reliakit_stored"):
        Reliakit(DatabaseSource())


def test_a_missing_application_is_told_with_what_to_do():
    """Otherwise it would be an error of Django's registry."""
    apps = [app for app in settings.INSTALLED_APPS if app != "reliakit_django.stored"]
    with (
        override_settings(INSTALLED_APPS=apps),
        pytest.raises(SourceError, match=r"add 'reliakit_django\.stored'"),
    ):
        Reliakit(DatabaseSource(), store="memory")


def test_databases_of_two_projects_are_told_apart(database):
    """Otherwise the last good copy of one would be started by the other; and a name must not tell a password."""
    assert DatabaseSource().name == f"django:sqlite3:///{database}#reliakit_stored"


def test_rows_that_are_loaded_from_a_fixture_are_noticed(tmp_path: Path, kit_of):
    """Otherwise what `loaddata` brings would be in force at the next edit, whenever that is."""
    _save("beta", "{}")
    saved = tmp_path / "flags.json"
    call_command("dumpdata", "reliakit_stored.storedflag", output=str(saved), verbosity=0)
    StoredFlag.objects.get().delete()
    running = kit_of(DatabaseSource(poll=0.05))
    assert not running.enabled("beta", "ann")
    call_command("loaddata", str(saved), verbosity=0)
    until(lambda: running.enabled("beta", "ann"))


def test_the_source_leaves_no_connection_open(database, kit_of):
    """Otherwise each worker would hold connections that nobody uses."""
    _save("beta", "{}")
    running = kit_of(DatabaseSource(poll=0.05))
    assert running.enabled("beta", "ann")
    _save("beta", "enabled: false")
    until(lambda: not running.enabled("beta", "ann"))
    connection.close()
    running.close()
    until(lambda: str(database) not in _open_files())


def _open_files():
    return {str(each.readlink()) for each in Path("/proc/self/fd").iterdir() if each.is_symlink()}


def test_edits_are_journalled_with_the_number_that_the_history_has(tmp_path, kit_of):
    """Otherwise nobody could tell who was behind a change that a release was judged by."""
    _save("beta", "percentage: 10")
    store = f"sqlite:///{tmp_path}/state.db"
    running = kit_of(DatabaseSource(poll=0.05), store=store)
    assert running.revision == "edit-1"
    running.enabled("beta", "ann")
    _save("beta", "percentage: 20")
    until(lambda: _told(store, "edit-2"))
    [event] = _told(store, "edit-2")
    assert "beta: 10 % -> 20 %" in event["lines"]


def _told(store, revision):
    command = [sys.executable, "-m", "reliakit", "journal", "--json", "--store", store]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    events = [json.loads(line)["event"] for line in done.stdout.splitlines() if line.startswith("{")]
    return [event for event in events if event.get("revision") == revision]
