"""Nobody moves: after the import, whoever asks is answered as by django-waffle itself, cookies and coins included."""

import random
from types import SimpleNamespace
from typing import Any

import pytest
import waffle
from django.contrib.auth.models import AnonymousUser, Group, User
from django.core.cache import cache
from django.db import transaction
from django.http import HttpResponse
from django.test import RequestFactory, override_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from waffle.middleware import WaffleMiddleware as TheirMiddleware
from waffle.models import Flag, Sample, Switch

from reliakit_django import waffle as compat
from reliakit_django.waffle.importing import document, imported
from reliakit_django.waffle.middleware import WaffleMiddleware
from tests.integrations.django_waffle.text_source import TextSource

# Mostly one and the same, or flags, cookies and questions would be about different ones.
NAMES = [*["beta"] * 8, "Beta-2.x", "a flag with spaces", "käthe", "switch:beta", "any"]
GROUPS = ["editors", "beta, testers", "nobody"]
OURS = SimpleNamespace(asks=compat, middleware=WaffleMiddleware)
THEIRS = SimpleNamespace(asks=waffle, middleware=TheirMiddleware)

FLAGS = st.fixed_dictionaries(
    {
        "everyone": st.sampled_from([None, None, None, None, True, False]),
        "percent": st.sampled_from([None, "0.0", "0.1", "12.5", "50.0", "50.0", "99.9"]),
        "testing": st.booleans(),
        "superusers": st.booleans(),
        "staff": st.booleans(),
        "authenticated": st.sampled_from([False, False, False, True]),
        "languages": st.sampled_from(["", "", "de", "de, fr", "en-gb,"]),
        "rollout": st.booleans(),
        "note": st.sampled_from(["", 'why: "it" is # here\nand there']),
        "groups": st.sets(st.sampled_from(GROUPS), max_size=2),
        "users": st.sets(st.integers(0, 5), max_size=2),
    }
)
WAFFLES = st.fixed_dictionaries(
    {
        "flags": st.dictionaries(st.sampled_from(NAMES), FLAGS, min_size=1, max_size=3),
        "switches": st.dictionaries(st.sampled_from(NAMES), st.booleans(), max_size=2),
        "samples": st.dictionaries(
            st.sampled_from(NAMES), st.sampled_from(["0.0", "30.0", "100.0"]), max_size=2
        ),
    }
)
WORDS = st.sampled_from(["True", "False", "true", ""])
REQUESTS = st.fixed_dictionaries(
    {
        "user": st.sampled_from(["anonymous", "anonymous", 0, 1, 2, 3, 4, 5, "missing"]),
        "language": st.sampled_from([None, "de", "fr", "en-gb", ""]),
        "coins": st.dictionaries(st.sampled_from(NAMES), WORDS, max_size=2),
        "tests": st.dictionaries(st.sampled_from(NAMES), WORDS, max_size=2),
        "asked": st.dictionaries(st.sampled_from(NAMES), st.sampled_from("10x"), max_size=1),
        "headers": st.dictionaries(st.sampled_from(["beta", "any"]), st.sampled_from("10"), max_size=1),
        "overridden": st.dictionaries(st.sampled_from(NAMES), st.sampled_from("10"), max_size=1),
        "questions": st.lists(
            st.tuples(st.sampled_from(["flag", "flag", "flag", "switch", "sample"]), st.sampled_from(NAMES), st.booleans()),
            min_size=1,
            max_size=5,
        ),
        "seed": st.integers(0, 10_000),
    }
)  # fmt: skip
SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "WAFFLE_OVERRIDE": st.booleans(),
        "WAFFLE_COOKIE": st.just("coin-of-%s"),
        "WAFFLE_TEST_COOKIE": st.just("test_%s"),
        "WAFFLE_SECURE": st.booleans(),
        "WAFFLE_MAX_AGE": st.just(60),
        "WAFFLE_FLAG_DEFAULT": st.booleans(),
        "WAFFLE_SWITCH_DEFAULT": st.booleans(),
        "WAFFLE_SAMPLE_DEFAULT": st.booleans(),
    },
)


@pytest.fixture
def people(database):
    groups = [Group.objects.create(name=name) for name in GROUPS]
    made = [User.objects.create_user(f"user-{n}", is_staff=n == 1, is_superuser=n == 2) for n in range(6)]
    made[3].groups.add(groups[0])
    made[4].groups.add(groups[0], groups[1])
    return made


def _write(waffles, people):
    cache.clear()
    for name, columns in waffles["flags"].items():
        rest = {key: value for key, value in columns.items() if key not in ("groups", "users")}
        flag: Any = Flag.objects.create(name=name, **rest)
        flag.groups.set(Group.objects.filter(name__in=columns["groups"]))
        flag.users.set([people[number] for number in columns["users"]])
    for name, active in waffles["switches"].items():
        Switch.objects.create(name=name, active=active)
    for name, percent in waffles["samples"].items():
        Sample.objects.create(name=name, percent=percent)


def _request(said, people, cookies):
    coin, test = _cookie_names()
    query = {test % name: value for name, value in said["asked"].items()} | said["overridden"]
    headers = {
        f"HTTP_{(test % name).upper().replace('-', '_')}": value for name, value in said["headers"].items()
    }
    request: Any = RequestFactory().get("/", query, **headers)
    request.COOKIES = {
        **{coin % name: value for name, value in said["coins"].items()},
        **{test % name: value for name, value in said["tests"].items()},
        **cookies,
    }
    if said["user"] != "missing":
        request.user = (
            AnonymousUser() if said["user"] == "anonymous" else User.objects.get(pk=people[said["user"]].pk)
        )
    if said["language"] is not None:
        request.LANGUAGE_CODE = said["language"]
    return request


def _cookie_names():
    from django.conf import settings as said

    return getattr(said, "WAFFLE_COOKIE", "dwf_%s"), getattr(said, "WAFFLE_TEST_COOKIE", "dwft_%s")


def _transcript(side, visits, people):
    """What one browser sees: each answer, what is set, and how far chance has got; its cookies go from visit to visit."""
    cookies: dict[str, str] = {}
    told: list[Any] = []
    for said in visits:
        random.seed(said["seed"])
        request = _request(said, people, cookies)
        for kind, name, read_only in said["questions"]:
            if kind == "flag":
                told.append(side.asks.flag_is_active(request, name, read_only=read_only))
            else:
                told.append(getattr(side.asks, f"{kind}_is_active")(name))
        told.append(random.random())
        told.append((getattr(request, "waffles", {}), getattr(request, "waffle_tests", {})))
        told.append(_answer(side, request, cookies))
    return told


def _answer(side, request, cookies):
    try:
        response = side.middleware(lambda request: HttpResponse())(request)
    except Exception as refused:  # a name that no cookie can have
        return repr(refused)
    cookies.update({name: morsel.value for name, morsel in response.cookies.items()})
    return sorted(
        (name, morsel.value, morsel["max-age"], morsel["secure"]) for name, morsel in response.cookies.items()
    )


def _agree(people, waffles, visits, said):
    with transaction.atomic(), override_settings(**said):
        _write(waffles, people)
        theirs = _transcript(THEIRS, visits, people)
        text = document(imported().definitions)
        with override_settings(RELIAKIT={"SOURCE": TextSource(text)}):
            assert _transcript(OURS, visits, people) == theirs, text
        transaction.set_rollback(True)


SUPPRESSED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]  # each example undoes what it did


@settings(max_examples=80, suppress_health_check=SUPPRESSED)
@given(WAFFLES, st.lists(REQUESTS, min_size=2, max_size=4), SETTINGS)
def test_every_answer_cookie_and_coin_is_that_of_waffle(people, waffles, visits, said):
    """Otherwise somebody would see another page on the day of the switch."""
    _agree(people, waffles, visits, said)


@pytest.mark.soak
@pytest.mark.timeout(1800)
@settings(max_examples=4000, suppress_health_check=SUPPRESSED)
@given(WAFFLES, st.lists(REQUESTS, min_size=2, max_size=6), SETTINGS)
def test_every_answer_cookie_and_coin_is_that_of_waffle_at_length(people, waffles, visits, said):
    """Otherwise what is rare would be left to chance."""
    _agree(people, waffles, visits, said)
