"""A service that knows waffle alone. Tests run it as it is, and once more with another name in its imports.

    python shop.py DATABASE SEED [COMMAND …]

With a command, runs that of `manage.py`; else serves visits, and prints what each of them has got.
"""

import json
import random
import sys
from typing import Any

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="of the shop",
    ALLOWED_HOSTS=["*"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": sys.argv[1]}},
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "reliakit_django",
        "waffle",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.locale.LocaleMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "waffle.middleware.WaffleMiddleware",
    ],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    ROOT_URLCONF=__name__,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    SILENCED_SYSTEM_CHECKS=["reliakit.W002"],
    SESSION_COOKIE_NAME="session",
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
)
django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.template import Context, Template  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import include, path  # noqa: E402
from django.views.generic import View  # noqa: E402
from waffle import flag_is_active, sample_is_active, switch_is_active  # noqa: E402
from waffle.decorators import waffle_flag, waffle_switch  # noqa: E402
from waffle.mixins import WaffleFlagMixin, WaffleSampleMixin, WaffleSwitchMixin  # noqa: E402
from waffle.testutils import override_flag, override_sample, override_switch  # noqa: E402

PAGE = Template(
    "{% load waffle_tags %}"
    "{% flag beta %}beta{% else %}old{% endflag %} {% flag 'team' %}team{% endflag %} {% flag named %}named{% endflag %} "
    "{% switch open %}open{% else %}closed{% endswitch %} {% sample some %}some{% endsample %}"
)


def home(request: HttpRequest) -> HttpResponse:
    return HttpResponse(PAGE.render(Context({"request": request, "named": "tested"})))


def asked(request: HttpRequest) -> HttpResponse:
    flags = [flag_is_active(request, name) for name in ("beta", "team", "tested", "nowhere")]
    return HttpResponse(json.dumps([flags, switch_is_active("open"), sample_is_active("some")]))


@waffle_flag("beta", "asked")
def beta(request: HttpRequest) -> HttpResponse:
    return HttpResponse("beta")


@waffle_flag("!beta")
def not_beta(request: HttpRequest) -> HttpResponse:
    return HttpResponse("not beta")


@waffle_switch("!open")
def closed(request: HttpRequest) -> HttpResponse:
    return HttpResponse("closed")


class Shown(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("shown")


class ByFlag(WaffleFlagMixin, Shown):
    waffle_flag = "team"


class BySwitch(WaffleSwitchMixin, Shown):
    waffle_switch = "open"


class BySample(WaffleSampleMixin, Shown):
    waffle_sample = "!some"


urlpatterns = [
    path("", home),
    path("asked", asked, name="asked"),
    path("beta", beta),
    path("not-beta", not_beta),
    path("closed", closed),
    path("by-flag", ByFlag.as_view()),
    path("by-switch", BySwitch.as_view()),
    path("by-sample", BySample.as_view()),
    path("", include("waffle.urls")),
]
PATHS = [
    "/",
    "/asked",
    "/beta",
    "/not-beta",
    "/closed",
    "/by-flag",
    "/by-switch",
    "/by-sample",
    "/?dwft_tested=1",
    "/",
]


def visits() -> Any:
    """Visits of people with and without an account, some of whom have been here before."""
    people = [None, None, *User.objects.order_by("pk")]
    for number in range(20):
        client, user = Client(), people[number % len(people)]
        if user is not None:
            client.force_login(user)
        if number % 3 == 0:
            client.cookies["dwf_beta"] = random.choice(["True", "False"])
        language = random.choice(["de", "fr"])
        for place in random.sample(PATHS, 4):
            yield client, place, {"HTTP_ACCEPT_LANGUAGE": language}


def serve() -> None:
    for client, place, headers in visits():
        response = client.get(place, **headers)
        cookies = sorted(
            each.OutputString() for each in response.cookies.values() if each.key.startswith("dwf")
        )
        cookies = [cookie.partition("expires")[0] + cookie.partition("Max-Age")[2] for cookie in cookies]
        print(json.dumps([place, response.status_code, response.content.decode(), cookies]))
    with (
        override_flag("beta", active=True),
        override_switch("open", active=False),
        override_sample("some", active=True),
    ):
        print(json.dumps([Client().get(place).content.decode() for place in ("/", "/closed", "/beta")]))
    random.seed(sys.argv[2])  # a pinned sample draws nothing, where that of waffle still does
    with override_flag("beta", active=False), override_switch("nowhere", active=True):
        print(json.dumps([Client().get("/").content.decode(), switch_is_active("nowhere")]))
    told = Client().get("/waffle_status").json()
    print(json.dumps({section: sorted(found) for section, found in told.items()}))
    print("Not found" if Client().get("/wafflejs").status_code != 200 else "script")


if __name__ == "__main__":
    random.seed(sys.argv[2])
    if sys.argv[3:]:
        call_command(*sys.argv[3:])
    else:
        serve()
