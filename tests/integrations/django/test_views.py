"""Views for some only, and templates."""

from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import Http404, HttpResponse
from django.template import Context, Template, TemplateSyntaxError
from django.test import AsyncClient, AsyncRequestFactory, Client, RequestFactory
from django.utils.decorators import method_decorator
from django.views import View

from reliakit_django import FlagRequiredMixin, flag_required, flags_of, kit
from reliakit_django.context_processors import flags

USERS = [f"user-{number}" for number in range(12)]
NAMED = {"USER": "tests.integrations.django.site.by_header"}


def request_of(user: str | None = None) -> Any:
    return RequestFactory().get("/", headers={"X-Name": user} if user else {})


def answer(view: Any, user: str | None = None) -> Any:
    """Returns what a view answers, or what it raises."""
    made = (AsyncRequestFactory() if is_later(view) else RequestFactory()).get(
        "/", headers={"X-Name": user} if user else {}
    )
    try:
        return (async_to_sync(view) if is_later(view) else view)(made)
    except (Http404, PermissionDenied) as raised:
        return type(raised)


def is_later(view: Any) -> bool:
    from asgiref.sync import iscoroutinefunction

    return iscoroutinefunction(view)


def old(request: Any) -> HttpResponse:
    return HttpResponse("old")


async def old_later(request: Any) -> HttpResponse:
    return HttpResponse("old")


def decorated(*given: Any, **named: Any) -> list[Any]:
    """Returns a sync and an async view."""

    @flag_required(*given, **named)
    def now(request: Any) -> HttpResponse:
        return HttpResponse("new")

    @flag_required(*given, **named)
    async def later(request: Any) -> HttpResponse:
        return HttpResponse("new")

    return [now, later]


def test_a_view_may_be_for_some_only(site) -> None:
    """Otherwise people would find pages that are not released."""
    kit = site(NAMED)
    for view in decorated("half", otherwise=old) + decorated("half", otherwise=old_later):
        for user in USERS:
            expected = b"new" if kit.enabled("half", user) else b"old"
            assert answer(view, user).content == expected
    for view in decorated("off"):
        assert answer(view) is Http404
    for view in decorated("off", 403):
        assert answer(view) is PermissionDenied
    for view in decorated("off", 410):
        assert answer(view).status_code == 410
    for view in decorated("off", "/elsewhere"):
        assert (answer(view).status_code, answer(view)["Location"]) == (302, "/elsewhere")
    for view in decorated("nowhere", default=True):
        assert answer(view).content == b"new"
    assert decorated("off")[0].__name__ == "now"


def test_class_based_views_too(site) -> None:
    """Otherwise half of a project's views could not be released."""
    kit = site(NAMED)

    class Page(FlagRequiredMixin, View):
        flag_required = "half"
        flag_otherwise = staticmethod(old)

        def get(self, request: Any) -> HttpResponse:
            return HttpResponse("new")

    class Later(FlagRequiredMixin, View):
        flag_required = "half"

        async def get(self, request: Any) -> HttpResponse:
            return HttpResponse("new")

        async def handle_flag_off(self, request: Any) -> HttpResponse:
            return HttpResponse("old")

    @method_decorator(flag_required("half", otherwise=old), name="dispatch")
    class Decorated(View):
        def get(self, request: Any) -> HttpResponse:
            return HttpResponse("new")

    for view in (Page.as_view(), Later.as_view(), Decorated.as_view()):
        for user in USERS:
            assert answer(view, user).content == (b"new" if kit.enabled("half", user) else b"old")
    with pytest.raises(
        ImproperlyConfigured, match=r"Page.flag_required, or override Page.get_flag_required\(\)"
    ):
        Page.as_view(flag_required=None)(request_of())


def test_they_go_by_the_same_user_behind_the_middleware(site, people) -> None:
    """Otherwise a menu would show what its page then hides."""
    kit = site()
    for user in people:
        on = kit.enabled("half", user.pk)
        client, later = Client(), AsyncClient()
        for each in (client, later):
            each.force_login(user)
        for ask in (client.get, async_to_sync(later.get)):
            assert ask("/mine").content == (b"mine" if on else b"plain")
            assert ask("/page").status_code == (200 if on else 410)
            assert ask("/page-later").content == (b"page" if on else b"other")
            assert ask("/hidden").status_code == 404


def test_a_request_of_a_test_needs_no_middleware(site) -> None:
    """Otherwise tests of a view would have to build what only a server needs."""
    kit = site(NAMED)
    for user in USERS:
        request = request_of(user)
        assert flags_of(request).enabled("half") == kit.enabled("half", user)
        assert request.reliakit is flags_of(request)
        request.reliakit.identify("ann", staff=True)
        assert request.reliakit.enabled("half") == kit.enabled("half", "ann")
        assert request.reliakit.enabled("staff")
        assert request.reliakit.evaluate("banner", "-").variant == "plain"
        assert request.reliakit.enabled("staff", context={"staff": False}) is False
        request.reliakit.track("order")
        request.reliakit.fail("empty_cart")
    assert not kit._runtime.flights.open


def rendered(text: str, request: Any = None, **names: Any) -> str:
    return Template("{% load reliakit %}" + text).render(Context({"request": request, **names}))


def test_templates_ask_flags(site) -> None:
    """Otherwise every view would pass on what its template wants to know."""
    kit = site(NAMED)
    page = '{% flag "half" %}new{% else %}old{% endflag %} {% flag_value "banner" "none" as colour %}{{ colour }}'
    for user in USERS:
        new = "new" if kit.enabled("half", user) else "old"
        assert rendered(page, request_of(user)) == f"{new} #444"
    assert rendered("{% flag key %}on{% endflag %}", request_of(), key="on") == "on"
    assert rendered('{% flag "off" %}on{% endflag %}', request_of()) == ""
    assert rendered('{% flag "nowhere" default=True %}on{% endflag %}') == "on"
    assert rendered('{% flag_value "nowhere" "none" %}', request_of()) == "none"
    assert rendered('{% flag "on" %}{% flag "off" %}a{% else %}b{% endflag %}{% endflag %}') == "b"
    for wrong in (
        "{% flag %}{% endflag %}",
        '{% flag "a" "b" %}{% endflag %}',
        '{% flag "a" or=1 %}{% endflag %}',
    ):
        with pytest.raises(TemplateSyntaxError, match=r'\{% flag "key" default=True %\}'):
            rendered(wrong)


def test_a_template_without_a_request_asks_for_whoever_is_said(site) -> None:
    """Otherwise an e-mail could not have a flag."""
    site(NAMED)
    for user in USERS:
        with kit().identify(user):
            assert rendered('{% flag "half" %}True{% else %}False{% endflag %}') == str(kit().enabled("half"))


def test_a_context_processor_has_all_flags(site, tmp_path: Path) -> None:
    """Otherwise templates without tags would have none."""
    (tmp_path / "page.html").write_text("{% if flags.half %}new{% else %}old{% endif %} {{ flags.nowhere }}")
    django = {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [str(tmp_path)],
        "OPTIONS": {"context_processors": ["reliakit_django.context_processors.flags"]},
    }
    kit = site(NAMED, TEMPLATES=[django])
    for user in USERS:
        new = "new" if kit.enabled("half", user) else "old"
        assert Client().get("/shown", headers={"X-Name": user}).content.decode() == f"{new} False"
    with pytest.raises(TypeError, match="one by one"):
        list(flags(request_of())["flags"])


def test_jinja_has_functions(site, tmp_path: Path) -> None:
    """Otherwise projects with Jinja2 would have no flags in their templates."""
    page = "{% if flag('half') %}new{% else %}old{% endif %} {{ flag_value('banner', '-') }} {{ '<' }}"
    (tmp_path / "page.html").write_text(page)
    jinja = {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [str(tmp_path)],
        "OPTIONS": {"environment": "reliakit_django.jinja2.environment"},
    }
    kit = site(NAMED, TEMPLATES=[jinja])
    for user in USERS:
        new = "new" if kit.enabled("half", user) else "old"
        assert Client().get("/shown", headers={"X-Name": user}).content.decode() == f"{new} #444 &lt;"
