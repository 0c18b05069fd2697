"""Which route takes a request, and which routes can never be reached."""

import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from reliakit.core.routes import Route, covers, find

_Request = tuple[str, str, dict[str, str]]


def _taken(routes: list[Route], request: _Request) -> Route | None:
    method, path, headers = request

    def header(name: str) -> str | None:
        return headers.get(name)

    return find(routes, method, path, header)


def _matches(route: Route, request: _Request) -> bool:
    return _taken([route], request) is route


@pytest.mark.parametrize(
    ("prefix", "path", "taken"),
    [
        ("/shop", "/shop", True),
        ("/shop", "/shop/", True),
        ("/shop", "/shop/1/2", True),
        ("/shop", "/shopping", False),
        ("/shop", "/sho", False),
        ("/shop", "/Shop", False),
        ("/shop", "/", False),
        ("/shop", "/x/shop", False),
        ("/shop/a", "/shop", False),
        ("/shop/a", "/shop/a/b", True),
        ("/shop", "//shop", False),
        ("/ä", "/ä/1", True),
        ("", "/anything", True),
        ("", "/", True),
        ("", "*", True),
        ("", "", True),
    ],
)
def test_a_prefix_ends_at_a_segment(prefix, path, taken):
    """Otherwise /shopping is sent to the canary of /shop."""
    assert _matches(Route(prefix=prefix), ("GET", path, {})) is taken


@pytest.mark.parametrize(
    ("host", "sent", "taken"),
    [
        ("example.com", "example.com", True),
        ("example.com", "EXAMPLE.com:8443", True),
        ("example.com", "www.example.com", False),
        ("example.com", "", False),
        ("[::1]", "[::1]", True),
        ("[::1]", "[::1]:8000", True),
        ("[::1]", "[::2]:8000", False),
        ("127.0.0.1", "127.0.0.1:80", True),
    ],
)
def test_a_host_matches_with_any_port_and_in_any_case(host, sent, taken):
    """Otherwise a rollout works on port 443 and not in the staging environment on 8443."""
    assert _matches(Route(host=host), ("GET", "/", {"host": sent})) is taken
    assert not _matches(Route(host=host), ("GET", "/", {}))


def test_methods_and_headers_must_all_agree():
    """Otherwise a route for a beta header takes everybody."""
    route = Route(methods=frozenset({"POST"}), headers=(("x-beta", "1"), ("x-any", None)))
    assert _matches(route, ("POST", "/", {"x-beta": "1", "x-any": ""}))
    assert not _matches(route, ("GET", "/", {"x-beta": "1", "x-any": ""}))
    assert not _matches(route, ("POST", "/", {"x-beta": "2", "x-any": ""}))
    assert not _matches(route, ("POST", "/", {"x-beta": "1"}))


def test_the_first_route_that_matches_is_taken():
    """Otherwise the order in the file says nothing."""
    narrow, wide = Route(prefix="/shop", upstream="a"), Route(upstream="b")
    assert _taken([narrow, wide], ("GET", "/shop/1", {})) is narrow
    assert _taken([narrow, wide], ("GET", "/", {})) is wide
    assert _taken([wide, narrow], ("GET", "/shop/1", {})) is wide
    assert _taken([narrow], ("GET", "/", {})) is None


_segments = st.lists(st.sampled_from(["a", "b", "ab"]), max_size=3)
_prefixes = _segments.map(lambda parts: "".join(f"/{part}" for part in parts))
_names, _values = st.sampled_from(["x", "y"]), st.sampled_from(["1", "2"])
_routes = st.builds(
    Route,
    prefix=_prefixes,
    methods=st.frozensets(st.sampled_from(["GET", "POST"])),
    host=st.sampled_from([None, "h", "g"]),
    headers=st.dictionaries(_names, st.none() | _values, max_size=2).map(lambda found: tuple(found.items())),
)
_headers = st.builds(
    lambda others, host: {**others, **host},
    st.dictionaries(_names, _values),
    st.sampled_from([{}, {"host": "h"}, {"host": "G:80"}]),
)
_tails = st.sampled_from(["", "/", "/a", "a", "/b/ab"])


def _such_as(route: Route, tail: str, method: str, headers: dict[str, str]) -> _Request:
    """A request that has been made to look like a route."""
    wanted = {name: value or headers.get(name, "1") for name, value in route.headers}
    host = {"host": f"{route.host}:80"} if route.host else {}
    return min(route.methods, default=method), route.prefix + tail, {**headers, **wanted, **host}


@settings(max_examples=400)
@given(_routes, _routes, _tails, st.sampled_from(["GET", "POST", "PUT"]), _headers)
def test_a_route_that_is_called_unreachable_is(earlier, later, tail, method, headers):
    """Otherwise `check` tells somebody to delete a route that is in use."""
    request = _such_as(later, tail, method, headers)
    assume(_matches(later, request))
    covered = covers(earlier, later)
    event(f"covers: {covered}")
    assert not covered or _matches(earlier, request)


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        (Route(), Route(prefix="/a")),
        (Route(prefix="/a"), Route(prefix="/a/b", host="h")),
        (Route(methods=frozenset({"GET", "POST"})), Route(methods=frozenset({"GET"}))),
        (Route(headers=(("x", None),)), Route(headers=(("x", "1"),))),
        (Route(host="h"), Route(host="h", prefix="/a")),
    ],
)
def test_a_narrower_route_after_a_wider_one_is_called_unreachable(earlier, later):
    """Otherwise a route that never runs is never noticed."""
    assert covers(earlier, later)
    assert not covers(later, earlier)
