"""The WSGI shell changes no byte, streams as it is told and counts what happened."""

import io
from collections.abc import Iterator
from typing import Any
from wsgiref.util import FileWrapper, setup_testing_defaults
from wsgiref.validate import validator

import pytest

from tests.middleware.shop import SHOP, outcomes


def environ(path: str = "/shop/1", **extra: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "PATH_INFO": path,
        "REMOTE_ADDR": "203.0.113.9",
        "SCRIPT_NAME": "",
        "QUERY_STRING": "",
    }
    setup_testing_defaults(made)
    return {**made, **extra}


def call(app: Any, environ: dict[str, Any]) -> tuple[str, list[tuple[str, str]], bytes]:
    started: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], error: Any = None) -> Any:
        started[:] = [status, headers]
        return lambda data: None

    body = app(environ, start_response)
    try:
        content = b"".join(body)
    finally:
        if hasattr(body, "close"):
            body.close()
    return started[0], started[1], content


def answering(name: str, status: str = "200 OK") -> Any:
    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response(status, [("Content-Type", "text/plain"), ("X-Version", name)])
        return [name.encode()]

    return app


def only_blue(**extra: Any) -> dict[str, Any]:
    return {**SHOP, "rollouts": {"shop": {**SHOP["rollouts"]["shop"], "weight": 0}}, **extra}


def test_wsgiref_finds_nothing_wrong(kit_of: Any) -> None:
    """Otherwise a strict server would refuse the app behind reliakit."""
    app = validator(
        kit_of(SHOP).wsgi(validator(answering("v1")), upstreams={"shop-v2": validator(answering("v2"))})
    )
    status, headers, body = call(app, environ())
    assert status == "200 OK"
    assert body in (b"v1", b"v2")
    assert ("X-Version", body.decode()) in headers


def test_visitors_are_split_and_stay(kit_of: Any) -> None:
    """Otherwise people would flap between two versions."""
    app = kit_of(SHOP).wsgi(answering("v1"), upstreams={"shop-v2": answering("v2")})
    seen = set()
    for _ in range(60):
        _, headers, first = call(app, environ())
        cookie = dict(headers)["Set-Cookie"].split(";")[0]
        _, later, again = call(app, environ(HTTP_COOKIE=cookie))
        assert again == first
        assert "Set-Cookie" not in dict(later)
        seen.add(first)
    assert seen == {b"v1", b"v2"}


def test_a_stream_is_pulled_lazily_within_its_scope_and_closed_once(kit_of: Any) -> None:
    """Otherwise downloads would sit in memory, flags in templates fail, or file handles leak."""
    kit = kit_of(only_blue())
    steps: list[str] = []

    class Body:
        def __iter__(self) -> Iterator[bytes]:
            for number in range(3):
                steps.append(f"made {number} {kit.enabled('half')}")
                yield b"x"

        def close(self) -> None:
            steps.append("closed")

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        return Body()

    body = kit.wsgi(app, upstreams={"shop-v2": app})(environ(), lambda *_: None)
    assert steps == []
    iterator = iter(body)
    next(iterator)
    assert len(steps) == 1
    assert kit._runtime.scope.get() is None
    list(iterator)
    body.close()
    assert steps[-1] == "closed"
    assert steps.count("closed") == 1
    assert outcomes(kit) == {("shop", "blue", "split"): {"SUCCESS": 1}}


def test_a_client_that_leaves_in_the_middle_is_no_error(kit_of: Any) -> None:
    """Otherwise impatient visitors would roll releases back."""
    kit = kit_of(only_blue())

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        return iter([b"a", b"b"])

    body = kit.wsgi(app, upstreams={"shop-v2": app})(environ(), lambda *_: None)
    next(iter(body))
    body.close()
    assert outcomes(kit) == {("shop", "blue", "split"): {"CANCELLED": 1}}


@pytest.mark.parametrize("when", ["before", "while"])
def test_an_exception_passes_and_is_an_error(kit_of: Any, when: str) -> None:
    """Otherwise the server's own error page would be lost, or the failure not be counted."""
    kit = kit_of(only_blue())

    def app(environ: Any, start_response: Any) -> Any:
        if when == "before":
            raise LookupError
        start_response("200 OK", [])
        return (1 / 0 for _ in range(1))

    with pytest.raises((LookupError, ZeroDivisionError)):
        call(kit.wsgi(app, upstreams={"shop-v2": app}), environ())
    assert outcomes(kit) == {("shop", "blue", "split"): {"ERROR": 1}}


def test_the_last_status_counts_when_an_app_changes_its_mind(kit_of: Any) -> None:
    """Otherwise an error page after `start_response` would count as success."""
    kit = kit_of(only_blue())

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        try:
            raise ValueError
        except ValueError:
            import sys

            start_response("500 Oops", [], sys.exc_info())
        return [b""]

    call(kit.wsgi(app, upstreams={"shop-v2": app}), environ())
    assert outcomes(kit) == {("shop", "blue", "split"): {"ERROR": 1}}


def test_a_file_reaches_the_server_as_its_own_wrapper(kit_of: Any) -> None:
    """Otherwise the kernel could no longer send files, and downloads would slow down."""
    kit = kit_of(only_blue())

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        return environ["wsgi.file_wrapper"](io.BytesIO(b"file"))

    request = {**environ(), "wsgi.file_wrapper": FileWrapper}
    body = kit.wsgi(app, upstreams={"shop-v2": app})(request, lambda *_: None)
    assert type(body) is FileWrapper
    assert outcomes(kit) == {("shop", "blue", "split"): {"SUCCESS": 1}}


def test_the_length_of_a_list_stays_visible_to_the_server(kit_of: Any) -> None:
    """Otherwise servers that add Content-Length for a single block would switch to chunks."""
    body = kit_of(SHOP).wsgi(answering("v1"), upstreams={"shop-v2": answering("v2")})(
        environ(), lambda *_: None
    )
    assert len(body) == 1
