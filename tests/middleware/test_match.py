"""An A/B test is about those whom it names; all others see what they always saw, and are no evidence."""

import asyncio
from typing import Any

import pytest

from reliakit.core.rollouts import Split
from tests.kit.released import put, rows
from tests.middleware.shop import SHOP, answering, ask, header, http
from tests.middleware.test_wsgi import answering as wsgi_answering
from tests.middleware.test_wsgi import call, environ

BETA = {"headers": {"X-Cohort": "beta"}, "cookies": {"plan": "pro", "seen": True}}


def shop(kit_of: Any, match: dict[str, Any]) -> Any:
    """A kit whose canary gets everybody whom the test is about."""
    section = {**SHOP["rollouts"]["shop"], "strategy": "ab", "match": match}
    kit = kit_of({**SHOP, "rollouts": {"shop": section}})
    put(kit, shop=Split("blue", 100.0, 7))
    return kit


def asked(kit: Any, headers: dict[str, str], identify: Any = None) -> Any:
    sent = [(name.encode(), value.encode()) for name, value in headers.items()]
    app = kit.asgi(answering("v1"), upstreams={"shop-v2": answering("v2")}, identify=identify)
    return asyncio.run(ask(app, http(headers=sent)))


@pytest.mark.parametrize(
    ("headers", "version"),
    [
        ({"x-cohort": "beta", "cookie": "seen=1; plan=pro"}, "v2"),
        ({"x-cohort": "beta", "cookie": "plan=pro"}, "v1"),
        ({"x-cohort": "beta", "cookie": "seen=1; plan=free"}, "v1"),
        ({"x-cohort": "stable", "cookie": "seen=1; plan=pro"}, "v1"),
        ({"cookie": "seen=1; plan=pro"}, "v1"),
        ({}, "v1"),
    ],
)
def test_requests_match_by_all_that_is_written(kit_of: Any, headers: dict[str, str], version: str) -> None:
    """Otherwise a test of beta users would be decided by all the others."""
    kit = shop(kit_of, BETA)
    assert asked(kit, headers)[1]["body"].decode() == version
    made = environ(**{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()})
    app = kit.wsgi(wsgi_answering("v1"), upstreams={"shop-v2": wsgi_answering("v2")})
    assert call(app, made)[2].decode() == version
    where = ("green", "split", 7) if version == "v2" else ("blue", "fallback", 7)
    assert rows(kit) == {where: {"SUCCESS": 2}}


def test_they_match_by_what_the_application_knows_of_the_asker(kit_of: Any) -> None:
    """Otherwise nobody could test on one country, or on staff."""
    kit = shop(kit_of, {"context": {"any": [{"country": "NZ"}, {"targeting_key": "ann"}]}})
    for said, version in [(("bob", {"country": "NZ"}), b"v2"), ("ann", b"v2"), ("bob", b"v1"), (None, b"v1")]:
        assert asked(kit, {}, lambda connection, said=said: said)[1]["body"] == version


def test_whoever_is_not_meant_gets_no_cookie_for_it(kit_of: Any) -> None:
    """Otherwise a test of a few would make every page uncacheable."""
    kit = shop(kit_of, {"context": {"country": "NZ"}})
    assert header(asked(kit, {}), b"set-cookie") is None
    assert header(asked(kit, {}, lambda connection: (None, {"country": "NZ"})), b"set-cookie") is not None
