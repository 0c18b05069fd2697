"""What can be called as waffle's own, beside what the agreement and the replaced service hold."""

import logging
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.template import Engine
from django.template.exceptions import TemplateSyntaxError
from django.test import RequestFactory, override_settings
from jinja2 import Environment

from reliakit_django import kit
from reliakit_django.waffle import flag_is_active, sample_is_active, switch_is_active
from reliakit_django.waffle.middleware import WaffleMiddleware
from reliakit_django.waffle.mixins import WaffleFlagMixin
from reliakit_django.waffle.models import set_flag
from reliakit_django.waffle.testutils import override_flag, override_sample, override_switch

BY_COIN = [{"if": {"dwf_beta": True}}, {"if": {"dwf_beta": False}, "value": "off"}]
FLAGS: dict[str, Any] = {
    "beta": {"rules": BY_COIN, "percentage": 50, "metadata": {"waffle": "flag"}},
    "native": {"percentage": 50},
    "shown": {"public": True},
}


def _request(place="/", user=None, **cookies):
    request = RequestFactory().get(place)
    request.user = user or AnonymousUser()
    request.COOKIES = cookies
    return request


def test_a_flag_that_was_never_waffles_answers_by_bucket(defined):
    """Otherwise new flags could not be written as reliakit has them before the last old call is gone."""
    defined(FLAGS)
    users = [SimpleNamespace(pk=number, is_authenticated=True) for number in range(50)]
    answers = [flag_is_active(_request(user=user), "native") for user in users]
    assert answers == [kit().enabled("native", user.pk) for user in users]
    assert len(set(answers)) == 2


def test_a_coin_is_thrown_once_for_a_request(defined):
    """Otherwise a page would be half old and half new."""
    defined(FLAGS)
    for _ in range(20):
        request = _request()
        assert len({flag_is_active(request, "beta") for _ in range(10)}) == 1


def test_no_coin_is_thrown_for_a_pinned_flag(defined):
    """Otherwise a kill switch would hand out cookies that say otherwise when it ends."""
    defined(FLAGS)
    with override_flag("beta", active=False):
        request = _request()
        assert not flag_is_active(request, "beta")
        assert not hasattr(request, "waffles"), "a coin was thrown for nothing"


def test_a_percentage_that_is_edited_counts_for_those_without_a_cookie(defined):
    """Otherwise an imported flag could never be rolled out further."""
    defined({"beta": {**FLAGS["beta"], "percentage": 100}})
    assert flag_is_active(_request(), "beta")
    assert not flag_is_active(_request(dwf_beta="False"), "beta")


def test_a_percentage_that_is_taken_away_takes_everybody_off(defined):
    """Otherwise visitors with a cookie would keep what was stopped."""
    defined({"beta": {**FLAGS["beta"], "percentage": 0}})
    assert not flag_is_active(_request(dwf_beta="True"), "beta")


def test_a_request_may_be_missing(defined):
    """Otherwise a template without one would fail."""
    defined({**FLAGS, "native": {}})
    assert not flag_is_active(None, "beta")
    assert flag_is_active(None, "native")


def test_the_session_is_opened_only_for_what_the_user_decides(defined):
    """Otherwise pages with a switched-off flag could not be cached."""

    class Unasked:
        @property
        def pk(self):
            raise AssertionError("it was asked for")

        is_staff = is_superuser = is_authenticated = pk

    defined({"beta": {**FLAGS["beta"], "enabled": False}})
    assert not flag_is_active(_request(user=Unasked()), "beta")


@pytest.mark.parametrize(
    ("asks", "name"),
    [
        (lambda: flag_is_active(_request(), "nowhere"), "FLAG"),
        (lambda: switch_is_active("nowhere"), "SWITCH"),
        (lambda: sample_is_active("nowhere"), "SAMPLE"),
    ],
)
def test_what_is_missing_gets_its_default_and_is_told(defined, caplog, asks, name):
    """Otherwise a typing mistake would stay one for ever."""
    plural = {"SWITCH": "SWITCHES"}.get(name, f"{name}S")
    with caplog.at_level(logging.WARNING, "waffle"):
        defined({}, **{f"WAFFLE_LOG_MISSING_{plural}": logging.WARNING})
        assert asks() is False
        assert f"{name.capitalize()} nowhere not found" in caplog.text
        defined({}, **{f"WAFFLE_{name}_DEFAULT": True})
        assert asks() is True


def test_what_can_not_be_decided_gets_its_default_and_is_told(defined, caplog):
    """Otherwise a database that is away would take down every page, or nobody would learn of it."""

    class Groups:
        def all(self):
            raise RuntimeError("the database is away")

    defined({"beta": {"rules": [{"if": {"groups": {"contains": ["a"]}}}], "metadata": {"waffle": "flag"}}})
    assert not flag_is_active(_request(user=SimpleNamespace(pk=1, groups=Groups())), "beta")
    assert "Flag beta could not be decided" in caplog.text
    assert "the database is away" in caplog.text


def test_settings_that_have_no_effect_are_told():
    """Otherwise somebody would wait for flags to appear."""
    apps = ["reliakit_django.waffle" if app == "waffle" else app for app in settings.INSTALLED_APPS]
    with override_settings(INSTALLED_APPS=apps, WAFFLE_CREATE_MISSING_FLAGS=True):
        found = [check for check in run_checks() if check.id == "reliakit_waffle.W001"]
    assert len(found) == 1
    assert "WAFFLE_CREATE_MISSING_FLAGS has no effect" in found[0].msg
    assert "WAFFLE_LOG_MISSING_FLAGS" in str(found[0].hint)


def test_overrides_nest_and_end(defined):
    """Otherwise one test would decide another."""
    defined(FLAGS)

    @override_switch("open", active=True)
    def opened():
        return switch_is_active("open")

    assert opened()
    assert not switch_is_active("open")
    with override_flag("beta", active=True), override_flag("beta", active=False):
        assert not flag_is_active(_request(), "beta")
    with override_flag("beta", active=None):
        assert flag_is_active(_request(dwf_beta="True"), "beta")
    with override_sample("some", active=True):
        assert sample_is_active("some")
        with override_sample("some", active=False):
            assert not sample_is_active("some")


def test_a_sample_is_overridden_by_a_percentage(defined):
    """Otherwise a test could not say how often."""
    defined({"sample:some": {"rules": [{"if": {"sample": True}}, {"if": {"sample": False}, "value": "off"}]}})
    for percentage, expected in ((0.0, {False}), (100.0, {True}), (50.0, {True, False})):
        with override_sample("some", active=percentage):
            assert {sample_is_active("some") for _ in range(100)} == expected


def test_a_cookie_that_the_application_sets_is_set(defined):
    """Otherwise a project could not hand out a flag by itself."""
    request = _request()
    set_flag(request, "beta", True)
    set_flag(request, "gamma", False, session_only=True)
    response: Any = WaffleMiddleware(lambda request: HttpResponse())(request)
    assert response.cookies["dwf_beta"]["max-age"] == 2_592_000
    assert response.cookies["dwf_gamma"]["max-age"] == ""


def test_a_view_without_a_name_says_so():
    """Otherwise it would fail with an attribute of None."""
    with pytest.raises(ImproperlyConfigured, match="WaffleFlagMixin names no flag"):
        WaffleFlagMixin().dispatch(_request())


@pytest.mark.parametrize("tag", ["flag", "switch", "sample"])
def test_a_tag_without_a_name_says_so(tag):
    """Otherwise the error would be one of Python."""
    engine = Engine(libraries={"waffle_tags": "reliakit_django.waffle.templatetags.waffle_tags"})
    with pytest.raises(TemplateSyntaxError, match="needs the name of a"):
        engine.from_string(f"{{% load waffle_tags %}}{{% {tag} %}}x{{% end{tag} %}}")


def test_jinja_templates_ask_too(defined):
    """Otherwise projects with Jinja2 could not change the name in their settings."""
    defined({**FLAGS, "switch:open": {"metadata": {"waffle": "switch"}}})
    environment = Environment(extensions=["reliakit_django.waffle.jinja.WaffleExtension"], autoescape=True)
    template = environment.from_string(
        "{{ waffle.flag('beta') }} {{ waffle.switch('open') }} {{ waffle.sample('x') }}"
    )
    assert template.render(request=_request(dwf_beta="True")) == "True True False"
    assert "window.waffle" in environment.from_string("{{ waffle.wafflejs() }}").render(request=_request())
