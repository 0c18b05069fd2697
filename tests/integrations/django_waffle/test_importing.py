"""The command that imports waffle's tables."""

import subprocess
import sys
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, Group, User
from django.core.management import CommandError, call_command
from django.test import RequestFactory, override_settings
from waffle.models import Flag, Sample, Switch

from reliakit import Reliakit
from reliakit_django.stored.models import Edit, StoredFlag
from reliakit_django.waffle import flag_is_active

pytestmark = pytest.mark.usefixtures("database")


def _printed(*arguments):
    out = StringIO()
    call_command("reliakit_import_waffle", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


@pytest.fixture
def rows():
    """One of each."""
    beta: Any = Flag.objects.create(
        name="beta", percent="12.5", staff=True, note="of the spring", languages="de, fr"
    )
    beta.users.add(User.objects.create_user("ann"))
    beta.groups.add(Group.objects.create(name="editors"))
    Flag.objects.create(name="off", everyone=False, percent="50.0")
    Flag.objects.create(name="on", everyone=True, superusers=False)
    Switch.objects.create(name="open", active=False)
    Sample.objects.create(name="some", percent="30.0")


def test_what_is_printed_is_a_document_that_can_be_used(rows, tmp_path):
    """Otherwise the first thing after the import would be to mend it."""
    file = tmp_path / "reliakit.yaml"
    file.write_text(_printed())
    checked = subprocess.run([sys.executable, "-m", "reliakit", "check", str(file)], check=False, timeout=60)
    assert checked.returncode == 0
    kit = Reliakit(file)
    assert kit.flags["beta"]["description"] == "of the spring"
    assert kit.flags["beta"]["percentage"] == 12.5
    assert set(kit.flags) == {"beta", "off", "on", "switch:open", "sample:some"}
    assert kit.enabled("beta", User.objects.get().pk)
    assert kit.enabled("beta", "x", context={"groups": ["readers", "editors"]})
    assert kit.enabled("beta", "x", context={"dwf_beta": True})
    assert kit.evaluate("off", user="x").reason == "DISABLED"
    assert kit.enabled("on", "x")
    assert not kit.enabled("switch:open", "x")


def test_a_file_is_written_and_never_over_another(rows, tmp_path):
    """Otherwise an import that is repeated would take what was edited meanwhile."""
    file = tmp_path / "reliakit.yaml"
    assert _printed("--output", str(file)) == ""
    written = file.read_text()
    assert "beta" in written
    with pytest.raises(CommandError, match="File exists"):
        _printed("--output", str(file))
    assert file.read_text() == written


def test_rows_become_rows_of_the_admin(rows):
    """Otherwise those who edit flags in the admin would have to leave it."""
    _printed("--stored")
    assert StoredFlag.objects.count() == 5
    assert StoredFlag.objects.get(key="beta").description == "of the spring"
    assert {edit.who for edit in Edit.objects.all()} == {"reliakit_import_waffle"}
    with pytest.raises(CommandError, match="nothing is stored: beta: Flag with this Key already exists"):
        _printed("--stored")
    assert StoredFlag.objects.count() == 5


def test_switches_of_the_admin_count_for_imported_flags(rows):
    """Otherwise the admin would offer a percentage and a kill switch that do nothing."""
    _printed("--stored")
    flag = StoredFlag.objects.get(key="beta")
    for switches, expected in (
        ({"percentage": 100}, True),
        ({"percentage": 0}, False),
        ({"killed": True}, False),
    ):
        for name, value in switches.items():
            setattr(flag, name, value)
        flag.save(by="ann")
        with override_settings(RELIAKIT={"SOURCE": "reliakit_django.stored.DatabaseSource"}):
            request: Any = RequestFactory().get("/")
            request.user = AnonymousUser()
            assert flag_is_active(request, "beta") is expected
            assert getattr(request, "waffles", {}) == ({"beta": [True, False]} if expected else {})


def test_nothing_to_import_is_no_mistake():
    """Otherwise a script for all projects would stop at one of them."""
    assert _printed() == "format: 1\nflags: {}\n"


def test_a_project_without_waffle_is_told():
    """Otherwise it would end in a traceback."""
    with (
        override_settings(INSTALLED_APPS=["reliakit_django"]),
        pytest.raises(CommandError, match="INSTALLED_APPS"),
    ):
        _printed()


PROJECT = """
import sys
import django
from django.conf import settings
from django.core.management import call_command

settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=[
        "django.contrib.auth", "django.contrib.contenttypes", "waffle", "reliakit_django", "companies",
    ],
    WAFFLE_FLAG_MODEL="companies.CompanyFlag", DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
)
django.setup()
call_command("migrate", run_syncdb=True, verbosity=0)
from companies.models import CompanyFlag

CompanyFlag.objects.create(name="theirs", company="acme", staff=True)
call_command("reliakit_import_waffle", *sys.argv[1:], skip_checks=True)
"""
MODEL = """
from django.db import models
from waffle.models import AbstractUserFlag

class CompanyFlag(AbstractUserFlag):
    company = models.TextField(default="")

    def is_active_for_user(self, user):
        return True
"""


def test_a_model_of_the_project_is_read_and_what_it_adds_is_told(tmp_path):
    """Otherwise a rule that a project has written would be lost without a word, and its visitors would move."""
    for name, text in {
        "project.py": PROJECT,
        "companies/__init__.py": "",
        "companies/models.py": MODEL,
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    refused, partly = (_project(tmp_path, *arguments) for arguments in ([], ["--partly"]))
    for done in (refused, partly):
        assert "companies.CompanyFlag.company is not waffle's own" in done.stderr
        assert "companies.CompanyFlag.is_active_for_user is not waffle's own" in done.stderr
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "not everything can be imported; with --partly, the rest is" in refused.stderr
    assert partly.returncode == 0
    assert '- {"if": {"is_staff": true}}' in partly.stdout


def _project(folder, *arguments):
    command = [sys.executable, "project.py", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=100, check=False)
