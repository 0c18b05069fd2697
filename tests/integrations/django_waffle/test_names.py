"""What browsers are told, and the names of waffle as keys."""

import json
import subprocess

import pytest
from django.contrib.auth.models import AnonymousUser
from django.template import Context, Engine
from django.test import Client, RequestFactory, override_settings
from django.urls import include, path
from hypothesis import given
from hypothesis import strategies as st

from reliakit_django import kit
from reliakit_django.waffle.importing import document
from reliakit_django.waffle.naming import key_of

FLAGS = {"beta": {"metadata": {"waffle": "flag"}}, "native": {"percentage": 50}, "shown": {"public": True}}
urlpatterns = [path("", include("reliakit_django.waffle.urls"))]


@pytest.fixture
def told(defined):
    """What browsers are told of flags whose names are no markup."""
    name = "</script><b>&'\""
    key = key_of("flag", name)
    named = {key: {"metadata": {"waffle": "flag", "waffle_name": name}}}
    switches = {
        "switch:open": {"metadata": {"waffle": "switch"}},
        "sample:some": {"metadata": {"waffle": "sample"}},
    }
    defined({**FLAGS, **named, **switches}, WAFFLE_SWITCH_DEFAULT=True, ROOT_URLCONF=__name__)
    return name


def test_browsers_are_told_of_what_was_imported_or_is_public_and_of_nothing_else(told):
    """Otherwise front ends would lose their flags, or everybody would read those of the staff."""
    found = Client().get("/waffle_status").json()
    assert set(found["flags"]) == {"beta", "shown", told}
    assert found["flags"][told] == {"is_active": True, "last_modified": None}
    assert set(found["switches"]) == {"open"}
    assert set(found["samples"]) == {"some"}


def test_the_script_for_browsers_runs_and_can_not_be_broken_out_of(told):
    """Otherwise a flag's name could run in every page; a missing switch has its default there too."""
    script = Client().get("/wafflejs").content.decode()
    assert "<" not in script
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    engine = Engine(libraries={"waffle_tags": "reliakit_django.waffle.templatetags.waffle_tags"})
    page = engine.from_string("{% load waffle_tags %}{% wafflejs %}").render(Context({"request": request}))
    assert "window.waffle" in page
    asked = f"[w.flag_is_active({json.dumps(told)}), w.switch_is_active('x'), w.flag_is_active('toString')]"
    node = f"var window = {{}}; {script} var w = window.waffle; console.log(JSON.stringify({asked}))"
    try:
        done = subprocess.run(["node", "-e", node], capture_output=True, text=True, timeout=60, check=True)
    except FileNotFoundError:
        pytest.skip("there is no node here to run it")
    assert json.loads(done.stdout) == [True, True, False]


NAMES = st.text(st.characters(exclude_categories=()), min_size=1, max_size=100)
SPELLED = st.text("abé:/. -", min_size=1, max_size=6)


@given(st.sampled_from(["flag", "switch", "sample"]), NAMES | SPELLED)
def test_every_name_has_a_key_that_the_format_knows(kind, name):
    """Otherwise one flag with an odd name would stop the import."""
    with override_settings(RELIAKIT={"CONFIG": {"flags": {key_of(kind, name): {}}}}):
        assert not kit().status().problems
    assert document({key_of(kind, name): {"otherwise": "off"}})


@given(
    st.lists(
        st.tuples(st.sampled_from(["flag", "switch", "sample"]), NAMES | SPELLED), unique=True, max_size=20
    )
)
def test_no_two_names_have_one_key(named):
    """Otherwise one flag would answer for another."""
    assert len({key_of(kind, name) for kind, name in named}) == len(named)


def test_plain_names_are_keys_as_they_are():
    """Otherwise nobody would find a flag again under `kit.enabled`."""
    assert key_of("flag", "new_checkout") == "new_checkout"
    assert key_of("flag", "a b") == "a/20b"
    assert key_of("flag", "-a") == "flag:-a"
    assert key_of("switch", "new_checkout") == "switch:new_checkout"
