"""Requests that a framework's own middleware takes through a kit in steps."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from reliakit import Reliakit
from tests.middleware.shop import SHOP, outcomes

ALONE = {**SHOP, "rollouts": {"shop": {**SHOP["rollouts"]["shop"], "weight": 0}}}


@pytest.fixture
def kit(kit_of) -> Reliakit:
    return kit_of(ALONE)


def environ(path: str = "/shop/1", **more: str) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "REMOTE_ADDR": "203.0.113.9",
        **more,
    }


def counted(kit: Reliakit) -> dict[str, int]:
    return outcomes(kit).get(("shop", "blue", "split"), {})


def test_a_request_counts_with_its_status_when_it_is_over(kit) -> None:
    """Otherwise what such a framework serves would be no evidence, or evidence too early."""
    passages = kit.passages()
    for status in (200, 404, 500):
        passage = passages.admit(environ())
        with passage.passing():
            passage.answered(status, secure=False)
        before = sum(counted(kit).values())
        passage.ended()
        passage.ended()
        assert sum(counted(kit).values()) == before + 1, "once"
    for raised in (EOFError, asyncio.CancelledError):
        with pytest.raises(raised), passages.admit(environ()).passing():
            raise raised
    assert counted(kit) == {"SUCCESS": 1, "CLIENT_ERROR": 1, "ERROR": 2, "CANCELLED": 1}
    assert not kit._runtime.flights.open


def test_who_is_asking_is_found_out_when_a_flag_is_checked(kit) -> None:
    """Otherwise every request would pay for what only some want to know."""
    asked, passage = [], kit.passages().admit(environ())

    def who() -> None:
        asked.append(1)
        passage.found("ann", {})

    passage.ask(who)
    with passage.passing():
        assert not asked
        assert passage.asks
        with kit.identify("bob"):
            assert kit.enabled("half") == kit.enabled("half", "bob")
        assert not asked, "a block that says somebody else leaves it to be found out"
        for _ in range(3):
            assert kit.enabled("half") == kit.enabled("half", "ann")
        assert asked == [1]
    passage.identify("carl", {})
    assert passage.run(kit.enabled, "half") == kit.enabled("half", "carl")


def test_what_cannot_be_found_out_yet_is_asked_again(kit) -> None:
    """Otherwise an answer that came too early would stay for the whole request."""
    passage, known = kit.passages().admit(environ()), False
    passage.ask(lambda: passage.found("ann", {}) if known else None)
    with passage.passing():
        kit.enabled("half")
        assert passage.recognised
        assert passage.fresh
        known = True
        assert kit.enabled("half") == kit.enabled("half", "ann")


def test_a_request_keeps_the_flags_that_it_began_with(kit) -> None:
    """Otherwise a page could be half of one release and half of another."""
    passages = kit.passages()
    before = passages.admit(environ())
    with kit.override({"banner": "loud"}):
        assert before.run(kit.value, "banner", "-") == "#444"
        assert passages.admit(environ()).run(kit.value, "banner", "-") == "#f60"


def test_what_may_be_forged_is_stripped(kit) -> None:
    """Otherwise anybody could ask as anybody else."""
    forged = environ(HTTP_X_USER_ID="ann", HTTP_X_OTHER="kept", HTTP_COOKIE="a=1")
    passage = kit.passages().admit(forged)
    assert "HTTP_X_USER_ID" not in passage.environ
    assert (passage.environ["HTTP_X_OTHER"], passage.environ["HTTP_COOKIE"]) == ("kept", "a=1")
    trusted = {**forged, "REMOTE_ADDR": "10.0.0.1"}
    assert kit.passages().admit(trusted).run(kit.enabled, "half") == kit.enabled("half", "ann")


def test_a_visitor_gets_a_cookie_and_is_known_by_it(kit) -> None:
    """Otherwise a browser would see another variant on each page."""
    passages = kit.passages()
    passage = passages.admit(environ())
    seen = passage.run(kit.enabled, "half")
    cookie = passage.answered(200, secure=True)
    assert cookie is not None
    assert cookie.endswith("; Secure")
    again = passages.admit(environ(HTTP_COOKIE=cookie.partition(";")[0]))
    assert again.run(kit.enabled, "half") == seen
    assert again.answered(200, secure=True) is None


def test_under_a_shell_a_request_is_the_shells(kit) -> None:
    """Otherwise it would count twice, and its visitor would be two."""
    passages = kit.passages()

    def app(environ: Any, start_response: Any) -> Any:
        passage = passages.admit(environ)
        passage.ask(lambda: passage.found("ann", {}))
        with passage.passing():
            assert kit.enabled("half") == kit.enabled("half", "ann")
            assert passage.answered(500, secure=False) is None
            body = passage.over([b""])
        start_response("200 OK", [])
        return body

    assert kit.wsgi(app)(environ(**{"wsgi.url_scheme": "http"}), lambda *_: None) == [b""]
    assert counted(kit) == {"SUCCESS": 1}


def test_bodies_are_of_their_request_and_end_it(kit) -> None:
    """Otherwise what comes late would be a stranger's, and a broken stream a success."""
    passages = kit.passages()

    async def body(fails: bool) -> AsyncIterator[bytes]:
        yield str(kit.enabled("half")).encode()
        if fails:
            raise EOFError

    async def read(fails: bool, blocks: int) -> list[bytes]:
        passage = passages.admit(environ())
        with passage.passing():
            passage.identify("ann", {})
            passage.answered(200, secure=False)
            over: Any = passage.over_async(body(fails))
        found = [await anext(over, b"end") for _ in range(blocks)]
        over.close()
        return found

    assert asyncio.run(read(False, 2)) == [str(kit.enabled("half", "ann")).encode(), b"end"]
    with pytest.raises(EOFError):
        asyncio.run(read(True, 2))
    asyncio.run(read(False, 1))
    assert counted(kit) == {"SUCCESS": 1, "ERROR": 1, "CANCELLED": 1}


def test_upstreams_that_it_cannot_reach_are_named(kit_of, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise a framework could not warn of a release that nobody gets."""
    assert kit_of(SHOP).passages().elsewhere == {"shop-v2"}
    assert kit_of({"flags": {"a": {}}}).passages().elsewhere == set()
    monkeypatch.setenv("RELIAKIT_BYPASS", "1")
    assert kit_of(SHOP).passages() is None
