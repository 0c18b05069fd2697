"""An app of Django that others wrote: django-wiki, with its plugins and the admin."""

from collections.abc import Iterable
from typing import Any

import pytest
from werkzeug.test import Client

from tests.apps import wiki_site
from tests.apps.varied import DEFINITIONS, Sent, comparable, varied, worth_comparing
from tests.middleware.shop import outcomes

PATHS = [
    "/", "/tea/", "/cups/", "/nowhere/", "/tea", "/tea/_edit/", "/tea/_create/", "/_create/", "/tea/_history/",
    "/tea/_settings/", "/tea/_source/", "/tea/_dir/", "/_dir/", "/tea/_delete/", "/tea/_move/", "/tea/_preview/",
    "/tea/_plugin/attachments/", "/tea/_plugin/images/", "/tea/_plugin/nothing/", "/_search/?q=tea", "/_search/",
    "/_accounts/login/", "/_accounts/logout/", "/_accounts/settings/", "/_revision/diff/1/",
    "/_revision/diff/999/", "/notifications/", "/notifications/get/", "/notifications/mark-read/1/", "/admin/",
    "/admin/login/?next=/admin/", "/admin/auth/user/", "/admin/auth/user/1/change/", "/admin/auth/user/add/",
    "/admin/wiki/article/", "/admin/wiki/urlpath/?q=te", "/admin/jsi18n/", "/admin/nothing/", "/admin",
    "/missing-root/", "/_cleanup/", "/tea/_deleted/", "/a%20b/%C3%A4/", "/tea/?a=%ff",
]  # fmt: skip

pytestmark = pytest.mark.filterwarnings("ignore")  # they are theirs

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
FORMS = [
    Sent("POST", "/tea/_edit/", FORM, b"title=Tea&content=More+of+it&summary=&current_revision=2&save=1"),
    Sent("POST", "/tea/_edit/", FORM, b"title=&content=&current_revision=1"),
    Sent("POST", "/_create/", FORM, b"title=Pots&slug=pots&content=*Pots*&summary=new&save_changes=1"),
    Sent("POST", "/tea/_delete/", FORM, b"confirm=on&revision=2&purge=on"),
    Sent("POST", "/tea/_move/", FORM, b"destination=cups&slug=tea&redirect=on"),
    Sent("POST", "/_accounts/login/", FORM, b"username=ann&password=wrong"),
    Sent(
        "POST", "/admin/auth/user/add/", FORM, b"username=bob&password1=long-enough-9&password2=long-enough-9"
    ),
    Sent("POST", "/admin/wiki/article/", FORM, b"action=delete_selected&_selected_action=1"),
]
TOKEN = "s" * 32
"""What Django wants to have in a cookie and a header of whoever sends a form."""


@pytest.fixture(scope="module", autouse=True)
def site(tmp_path_factory: pytest.TempPathFactory) -> None:
    wiki_site.set_up(tmp_path_factory.mktemp("wiki"))
    wiki_site.populate()


def answered(app: Any, sent: Sent, session: str) -> Any:
    """Answers a request and takes back what it has changed, so that the next one finds what this one found."""
    from django.db import transaction

    headers = {**sent.headers, "X-CSRFToken": TOKEN, "Cookie": f"csrftoken={TOKEN}; {session}"}
    client = Client(app, use_cookies=False)
    with transaction.atomic():
        with client.open(sent.path, method=sent.method, headers=headers, data=sent.body) as answer:
            found = comparable(answer.status_code, _told(answer.headers), answer.get_data())
        transaction.set_rollback(True)
    return found


def _told(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Headers less `Vary: Cookie`: whoever was split to a version gets that, as ours is the cookie that tells which."""
    told = [(name, value) for name, value in headers if name != "Vary"]
    varies = {each.strip() for name, value in headers if name == "Vary" for each in value.split(",")}
    return [*told, ("Vary", ", ".join(sorted(varies - {"Cookie"})))]


def signed_in() -> str:
    from django.test import Client as Browser

    browser = Browser()
    assert browser.login(username=wiki_site.AUTHOR[0], password=wiki_site.AUTHOR[1])
    return f"sessionid={browser.cookies['sessionid'].value}"


def test_a_wiki_answers_as_ever() -> None:
    """Otherwise putting a site behind reliakit would change what its users get."""
    from django.conf import settings
    from django.core.handlers.wsgi import WSGIHandler
    from django.test import override_settings

    from reliakit_django import kit

    bare, requests, answers = WSGIHandler(), [*FORMS, *varied(PATHS, 250)], []
    ours = ["reliakit_django.middleware.ReliakitMiddleware", *settings.MIDDLEWARE]
    with override_settings(MIDDLEWARE=ours, RELIAKIT={"CONFIG": DEFINITIONS}):
        wrapped, session = kit().wsgi(WSGIHandler(), upstreams={"v2": bare}), signed_in()
        for number, sent in enumerate(requests, start=1):
            known = session if number % 9 else ""
            answers.append(answered(bare, sent, known))
            assert answered(wrapped, sent, known) == answers[-1], sent
        rows = outcomes(kit())
    assert worth_comparing(answers)
    assert {name[1] for name in rows} == {"one", "two"}
    assert sum(sum(row.values()) for row in rows.values()) == len(requests)
