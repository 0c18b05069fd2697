"""Nobody moves: after the import, whoever asks is answered as by django-waffle itself, cookies and coins included."""

import random
from types import SimpleNamespace
from typing import Any

import pytest
import waffle
from django.conf import settings
from django.contrib.auth.models import AnonymousUser, Group, User
from django.core.cache import cache
from django.db import transaction
from django.http import HttpResponse
from django.test import RequestFactory, override_settings
from waffle.middleware import WaffleMiddleware as TheirMiddleware
from waffle.models import Flag, Sample, Switch

from reliakit_django import waffle as compat
from reliakit_django.waffle.importing import document, imported
from reliakit_django.waffle.middleware import WaffleMiddleware
from tests.integrations.django_waffle.text_source import TextSource
from tests.integrations.django_waffle.worlds import GROUPS, PEOPLE, Visit, World, world

OURS = SimpleNamespace(asks=compat, middleware=WaffleMiddleware)
THEIRS = SimpleNamespace(asks=waffle, middleware=TheirMiddleware)


@pytest.fixture
def people(database):
    groups = [Group.objects.create(name=name) for name in GROUPS]
    made = [
        User.objects.create_user(f"user-{n}", is_staff=n == 1, is_superuser=n == 2) for n in range(PEOPLE)
    ]
    made[3].groups.add(groups[0])
    made[4].groups.add(groups[0], groups[1])
    return made


@pytest.mark.parametrize("seeds", [range(40), range(40, 80)], ids=["0-39", "40-79"])
def test_every_answer_cookie_and_coin_is_that_of_waffle(people, seeds):
    """Otherwise somebody would see another page on the day of the switch."""
    for seed in seeds:
        _agree(people, seed)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_every_answer_cookie_and_coin_is_that_of_waffle_at_length(people):
    """Otherwise what is rare would be left to chance."""
    for seed in range(1_000, 3_000):
        _agree(people, seed)


def _agree(people: list[User], seed: int) -> None:
    made = world(seed)
    with transaction.atomic(), override_settings(**made.settings):
        _write(made, people)
        theirs = _transcript(THEIRS, made.visits, people)
        text = document(imported().definitions)
        with override_settings(RELIAKIT={"SOURCE": TextSource(text)}):
            ours = _transcript(OURS, made.visits, people)
        transaction.set_rollback(True)
    assert ours == theirs, f"seed {seed}\n{text}"


def _write(made: World, people: list[User]) -> None:
    cache.clear()
    for name, columns in made.flags.items():
        rest = {key: value for key, value in columns.items() if key not in ("groups", "users")}
        flag: Any = Flag.objects.create(name=name, **rest)
        flag.groups.set(Group.objects.filter(name__in=columns["groups"]))
        flag.users.set([people[number] for number in columns["users"]])
    for name, active in made.switches.items():
        Switch.objects.create(name=name, active=active)
    for name, percent in made.samples.items():
        Sample.objects.create(name=name, percent=percent)


def _transcript(side: Any, visits: list[Visit], people: list[User]) -> list[Any]:
    """What one browser sees: each answer, what is set, and how far chance has got; it keeps its cookies."""
    cookies: dict[str, str] = {}
    told: list[Any] = []
    for visit in visits:
        random.seed(visit.seed)
        request = _request(visit, people, cookies)
        told += [_answer(side, request, *question) for question in visit.questions]
        told.append(random.random())
        told.append((getattr(request, "waffles", {}), getattr(request, "waffle_tests", {})))
        told.append(_cookies_set(side, request, cookies))
    return told


def _answer(side: Any, request: Any, kind: str, name: str, read_only: bool) -> bool:
    if kind == "flag":
        return side.asks.flag_is_active(request, name, read_only=read_only)
    return getattr(side.asks, f"{kind}_is_active")(name)


def _request(visit: Visit, people: list[User], cookies: dict[str, str]) -> Any:
    coin = getattr(settings, "WAFFLE_COOKIE", "dwf_%s")
    test = getattr(settings, "WAFFLE_TEST_COOKIE", "dwft_%s")
    query = {test % name: value for name, value in visit.query.items()} | visit.overridden
    headers: Any = {
        f"HTTP_{(test % name).upper().replace('-', '_')}": value for name, value in visit.headers.items()
    }
    request: Any = RequestFactory().get("/", query, **headers)
    coins = {coin % name: value for name, value in visit.coins.items()}
    request.COOKIES = {**coins, **{test % name: value for name, value in visit.tests.items()}, **cookies}
    if visit.user == "anonymous":
        request.user = AnonymousUser()
    elif visit.user != "missing":
        request.user = User.objects.get(pk=people[visit.user].pk)
    if visit.language is not None:
        request.LANGUAGE_CODE = visit.language
    return request


def _cookies_set(side: Any, request: Any, cookies: dict[str, str]) -> Any:
    try:
        response = side.middleware(lambda request: HttpResponse())(request)
    except Exception as refused:  # a name that no cookie can have
        return repr(refused)
    found = response.cookies.items()
    cookies.update({name: morsel.value for name, morsel in found})
    return sorted((name, morsel.value, morsel["max-age"], morsel["secure"]) for name, morsel in found)
