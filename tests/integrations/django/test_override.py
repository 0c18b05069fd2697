"""`override_flag`, in each of the forms that Django's own `override_settings` has."""

import io
import unittest
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import connections
from django.http import JsonResponse
from django.test import AsyncClient, Client, LiveServerTestCase, SimpleTestCase, override_settings
from django.urls import path

from reliakit_django import kit
from reliakit_django.test import override_flag

DEFINITIONS: dict[str, Any] = {
    "identity": {"targeting_key": ["identified", "anonymous_cookie"]},
    "flags": {"new": {"enabled": False}, "banner": {"variants": {"plain": "#444", "loud": "#f60"}}},
}
SITE = override_settings(RELIAKIT={"CONFIG": DEFINITIONS}, ROOT_URLCONF=__name__)


def both(request: Any) -> JsonResponse:
    return JsonResponse([request.reliakit.enabled("new"), kit().value("banner", "-")], safe=False)


async def both_later(request: Any) -> JsonResponse:
    enabled = await request.reliakit.aenabled("new")
    return JsonResponse([enabled, await request.reliakit.avalue("banner", "-")], safe=False)


urlpatterns = [path("both", both), path("both-later", both_later)]


def seen() -> list[Any]:
    """What pages show, by both clients; they agree."""
    pages = [Client().get(path).json() for path in ("/both", "/both-later")]
    pages += [async_to_sync(AsyncClient().get)(path).json() for path in ("/both", "/both-later")]
    assert pages[1:] == pages[:1] * 3
    return list(pages[0])


@SITE
def test_a_block_pins_flags_and_lets_go_of_them() -> None:
    """Otherwise a test would see today's flags, or leave its own to the next."""
    assert seen() == [False, "#444"]
    with override_flag("new"), override_flag("banner", "loud"):
        assert seen() == [True, "#f60"]
        with override_flag("new", False):
            assert seen() == [False, "#f60"]
        assert seen() == [True, "#f60"]
    with pytest.raises(ValueError, match="of the test"), override_flag("new"):
        raise ValueError("of the test")
    assert seen() == [False, "#444"]


@SITE
def test_functions_may_wear_it() -> None:
    """Otherwise each test would be indented once more."""

    @override_flag("new")
    def now(found: Any) -> Any:
        return found()

    @override_flag("banner", "loud")
    @override_flag("new")
    async def later() -> Any:
        return [kit().enabled("new"), kit().value("banner", "-")]

    pinned = override_flag("new")
    assert now(seen) == [True, "#444"]
    assert async_to_sync(later)() == [True, "#f60"]
    assert pinned(pinned(seen))() == [True, "#444"], "one may be worn twice"
    assert seen() == [False, "#444"]


def ran(case: type[unittest.TestCase]) -> None:
    """Runs a test case as a runner does; nothing of it may fail, and something has to be there."""
    out = io.StringIO()
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(case)
    result = unittest.TextTestRunner(out, verbosity=0).run(suite)
    assert result.wasSuccessful(), out.getvalue()
    assert result.testsRun == suite.countTestCases() > 0


def test_test_cases_may_wear_it() -> None:
    """Otherwise every method of a case would have to."""

    @SITE
    @override_flag("new")
    class Case(SimpleTestCase):
        def setUp(self) -> None:
            self.before = kit().enabled("new")

        def test_all(self) -> None:
            assert self.before
            assert self.client.get("/both").json() == [True, "#444"]

        @override_flag("banner", "loud")
        def test_one(self) -> None:
            assert self.client.get("/both").json() == [True, "#f60"]

        @override_flag("new", False)
        async def test_async(self) -> None:
            assert (await self.async_client.get("/both-later")).json() == [False, "#444"]

        def test_unittest(self) -> None:
            with self.settings(DEBUG=True):
                assert kit().enabled("new"), "other settings don't matter"

    ran(Case)
    with SITE:
        assert seen() == [False, "#444"]


def test_asyncio_test_cases_may_wear_it() -> None:
    """Otherwise those who test without Django's cases could not."""

    @override_flag("new")
    class Case(unittest.IsolatedAsyncioTestCase):
        async def test_all(self) -> None:
            assert kit().enabled("new")

    with SITE:
        ran(Case)
        assert seen() == [False, "#444"]


def test_a_live_server_has_the_same_flags(database: Path) -> None:
    """Otherwise tests with a browser would see other pages than those with a client."""

    def get(url: str) -> Any:
        with urllib.request.urlopen(f"{url}/both", timeout=20) as answer:
            return answer.read()

    @SITE
    class Case(LiveServerTestCase):
        def test_all(self) -> None:
            assert get(self.live_server_url) == b'[false, "#444"]'
            with override_flag("new"):
                assert get(self.live_server_url) == b'[true, "#444"]'
            assert get(self.live_server_url) == b'[false, "#444"]'

        def _fixture_teardown(self) -> None:
            """The database is thrown away as a whole."""

    Case.databases = set()
    ran(Case)
    connections.close_all()
