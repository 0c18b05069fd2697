"""What an HTTP source asks, of whom, how often, and what it never tells."""

import asyncio
import logging
import sys
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
from aiohttp import web

from reliakit.errors import MissingExtraError, UsageError
from reliakit.sources.http import HttpSource
from reliakit.sources.http_events import Events
from reliakit.sources.http_headers import form_of, max_age, stream_of
from reliakit.sources.protocol import SourceError
from tests.sources.http_server import HttpServer, http_server

DOCUMENT = b'{"format": 1}'


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with http_server() as one:
        one.put(DOCUMENT)
        yield one


def load(source: HttpSource) -> bytes:
    return asyncio.run(source.load()).text


def fails(source: HttpSource) -> str:
    with pytest.raises(SourceError) as failed:
        asyncio.run(source.load())
    return str(failed.value)


def answers(**given: Any) -> Callable[[web.Request], Coroutine[Any, Any, web.StreamResponse]]:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(**given)

    return answer


def test_what_has_not_changed_is_not_sent_again(server: HttpServer) -> None:
    """Otherwise hundreds of workers would fetch the same document twice a minute."""
    server.validates = True
    source = HttpSource(server.url)
    assert [load(source), load(source)] == [DOCUMENT] * 2
    server.put(b'{"format": 1, "revision": "b"}')
    assert b'"b"' in load(source)
    assert server.statuses == [200, 304, 200]


def test_a_time_of_modification_does_where_there_is_no_tag(server: HttpServer) -> None:
    """Otherwise a plain file server would send everything each time."""
    server.headers = {"Last-Modified": "Mon, 23 Nov 2026 10:00:00 GMT"}
    source = HttpSource(server.url)
    load(source)
    load(source)
    assert server.requests[1]["If-Modified-Since"] == "Mon, 23 Nov 2026 10:00:00 GMT"


@pytest.mark.parametrize(
    ("cache_control", "age", "least", "most"),
    [
        (None, None, 30, 37.5),
        ("no-store", None, 30, 37.5),
        ("public, max-age=100", None, 100, 125),
        ("max-age=100", "40", 60, 75),
        ("max-age=0", None, 5, 6.25),
        ("max-age=999999", None, 300, 375),
        ("s-maxage=7", None, 30, 37.5),
    ],
)
def test_the_server_says_how_often_within_bounds(
    server: HttpServer, cache_control: str | None, age: str | None, least: float, most: float
) -> None:
    """Otherwise a cache in between would be asked in vain, or one header would stop all updates for a year."""
    headers = {"Cache-Control": cache_control, "Age": age}
    server.headers = {name: value for name, value in headers.items() if value}
    source = HttpSource(server.url)
    load(source)
    pauses = [source._pause() for _ in range(200)]
    assert least <= min(pauses)
    assert max(pauses) <= most
    assert max(pauses) - min(pauses) > (most - least) / 2, "workers that started together would ask together"


@pytest.mark.parametrize(
    ("kind", "path", "form"),
    [
        ("application/json; charset=utf-8", "/flags", "json"),
        ("application/vnd.flags+json", "/flags", "json"),
        ("application/x-yaml", "/flags.json", "yaml"),
        ("application/toml", "/flags", "toml"),
        ("text/plain", "/flags.toml", "toml"),
        ("application/octet-stream", "/flags.JSON", "json"),
        ("", "/flags", "yaml"),
        ("text/html", "/flags.json", None),
    ],
)
def test_the_content_type_tells_the_format_or_else_the_suffix(kind: str, path: str, form: str | None) -> None:
    """Otherwise a TOML document would be read as YAML, with messages about YAML; or a login page as flags."""
    assert form_of({"content-type": kind}, f"https://host{path}?x=.toml") == form


def test_bodies_that_are_too_large_packed_or_pages_are_refused(server: HttpServer) -> None:
    """Otherwise a wrong URL would fill the memory of every worker."""
    source = HttpSource(server.url, largest=1000)
    server.put(b"x" * 1001)
    assert "more than 1,000 bytes" in fails(source)
    server.answer = answers(body=b"\x1f\x8b", headers={"Content-Encoding": "gzip"})
    assert "packs its answer" in fails(source)
    server.answer = answers(text="<html>", content_type="text/html")
    assert "a page for people" in fails(source)
    for status, said in [(401, "token"), (404, "path"), (500, "500"), (304, "304"), (204, "204")]:
        server.answer = answers(status=status)
        assert said in fails(source)


def test_nobody_is_followed_to_where_the_user_did_not_allow(server: HttpServer) -> None:
    """Otherwise whoever controls the server could have us ask any address of the network that we are in."""
    with http_server() as other:
        other.put(b'{"format": 1, "revision": "other"}')
        there = other.url.replace("127.0.0.1", "localhost")

        async def away(_: web.Request) -> web.Response:
            return web.Response(status=302, headers={"Location": there})

        server.answer = away
        assert "sends to localhost; if that is right" in fails(HttpSource(server.url))
        assert other.requests == []
        allowed = HttpSource(server.url, redirect_hosts=["localhost"], token="s3cret")
        assert b"other" in load(allowed)
        assert server.requests[-1]["Authorization"] == "Bearer s3cret"
        assert "Authorization" not in other.requests[-1]
    server.answer = answers(status=301, headers={"Location": server.url})
    assert "more than 5 redirects" in fails(HttpSource(server.url))
    server.answer = answers(status=301, headers={"Location": "file:///etc/passwd"})
    assert "no URL of http" in fails(HttpSource(server.url))


def test_tokens_and_passwords_are_sent_and_never_told(
    server: HttpServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Otherwise a log would hold what opens the door to everybody's flags."""
    caplog.set_level(logging.DEBUG)
    with_user = server.url.replace("//", "//ann:s3cret@") + "?key=s3cret"
    for source, header in [
        (HttpSource(server.url, token="s3cret"), "Bearer s3cret"),
        (HttpSource(server.url, basic_auth=("ann", "s3cret")), "Basic YW5uOnMzY3JldA=="),
        (HttpSource(with_user), "Basic YW5uOnMzY3JldA=="),
    ]:
        server.answer = None
        load(source)
        assert server.requests[-1]["Authorization"] == header
        server.answer = answers(status=401)
        assert "s3cret" not in fails(source) + source.name + repr(source._address) + caplog.text


def test_documents_that_differ_by_their_query_have_two_names() -> None:
    """Otherwise one environment would start on the last good copy of another."""
    names = {HttpSource(f"https://host/flags?env={each}").name for each in ("a", "b")}
    assert len(names) == 2
    assert not any("env" in name for name in names)


@pytest.mark.parametrize(
    ("url", "more"),
    [
        ("http://flags.example.com/", {"token": "s3cret"}),
        ("http://ann:s3cret@flags.example.com/", {}),
        ("https://host/", {"token": "s3cret\nX: y"}),
        ("https://ann:s3/cret@host/", {}),
        ("https://ann:s3cret@host:port/", {}),
        ("https:///s3cret", {}),
    ],
)
def test_what_would_betray_a_secret_is_refused_without_saying_it(url: str, more: dict[str, Any]) -> None:
    """Otherwise a token would cross the network for everybody to read, or a traceback would."""
    with pytest.raises(UsageError) as refused:
        HttpSource(url, **more)
    assert "s3" not in str(refused.value).replace("https", "")


def test_the_environment_names_no_proxy_unless_it_may(
    server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise a variable that somebody left behind could put another's document in force."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert load(HttpSource(server.url)) == DOCUMENT
    assert "can it be reached" in fails(HttpSource(server.url, proxy=True))


@pytest.mark.parametrize(
    ("pieces", "events"),
    [
        ([b"data: a\n\n"], 1),
        ([b": comment\n\n", b"event: x\n\n"], 0),
        ([b"da", b"ta: a", b"\n", b"\n"], 1),
        ([b"data: a\r\n\r", b"\n", b"data\r\r"], 2),
        ([b"data: " + b"x" * 300_000 + b"\n", b"data: y\n\n", b"data: unfinished"], 1),
        ([b"database: x\n\n"], 0),
    ],
)
def test_events_are_counted_however_they_arrive(pieces: list[bytes], events: int) -> None:
    """Otherwise a change would be missed because of where a packet ended."""
    counting = Events()
    assert sum(counting.feed(piece) for piece in pieces) == events


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ('</events>; rel="monitor"', "/events"),
        ('<a>; rel=next, <b?x=1,2>; title="a, b"; rel="alternate monitor"; type="text/event-stream"', "b?x=1,2"),
        ("<a>; rel=monitoring", None),
        ("<a>; title=monitor", None),
        ("garbage <<>", None),
        ("", None),
    ],
)  # fmt: skip
def test_the_stream_is_named_by_a_link(link: str, target: str | None) -> None:
    """Otherwise changes would be polled where they could be told."""
    assert stream_of({"link": link}) == target
    assert max_age({"cache-control": link}) is None


def test_without_the_driver_it_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise it would end in an ImportError that names a package nobody asked for."""
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    with pytest.raises(MissingExtraError, match=r"reliakit\[http\]"):
        HttpSource("https://host/flags")
