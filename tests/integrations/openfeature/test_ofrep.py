"""The provider that asks a server: a real one that serves a kit, and ones that fail in every way that servers do."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import uvicorn
from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import Reason

from reliakit import Reliakit, UsageError
from reliakit_openfeature import OFREPProvider
from reliakit_openfeature.ofrep_link import OFREPLink, Unanswered
from tests.integrations.openfeature.conftest import FLAGS
from tests.servers.serving import free_port, until

TOKEN = "a-token-of-32-characters-or-more"
ANN = EvaluationContext("ann", {"customer": False, "age": 30})
Ask = Callable[..., Any]


@contextmanager
def served(kit: Reliakit, port: int) -> Iterator[None]:
    """Serves a kit until the block ends; its connections end with it."""
    app = kit.ofrep_asgi(tokens=[TOKEN])
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until(lambda: server.started, 20)
        yield
    finally:
        server.should_exit = True
        thread.join(20)


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture(params=["sync", "async"])
def ask(request: pytest.FixtureRequest, kit: Reliakit, port: int) -> Iterator[Ask]:
    provider = OFREPProvider(f"http://127.0.0.1:{port}", token=TOKEN, timeout=10)
    with served(kit, port):
        api.set_provider_and_wait(provider)
        client = api.get_client()

        def now(kind: str, *args: Any) -> Any:
            return getattr(client, f"get_{kind}_details")(*args)

        def later(kind: str, *args: Any) -> Any:
            return asyncio.run(getattr(client, f"get_{kind}_details_async")(*args))

        yield now if request.param == "sync" else later


def test_each_type_is_answered_as_the_process_itself_would(ask: Ask, client: OpenFeatureClient) -> None:
    """Otherwise a service that asks another sees another flag than that one does."""
    asked = [
        ("boolean", "boolean-flag", False), ("boolean", "for-ann", False), ("string", "string-flag", "x"),
        ("string", "off-flag", "x"), ("string", "split-flag", "x"), ("string", "context-aware", "x"),
        ("integer", "integer-flag", 1), ("float", "float-flag", 0.5), ("float", "whole-flag", 0.5),
        ("object", "object-flag", {}), ("object", "list-flag", []), ("boolean", "described", True),
    ]  # fmt: skip
    found = [ask(*each, ANN) for each in asked]
    own = OFREPProvider("http://127.0.0.1:1")
    assert own.get_metadata().name == "OFREP"
    for (_, key, _), each in zip(asked, found, strict=True):
        assert each.error_code is None, each
        flag: Any = FLAGS[key]
        assert each.variant in flag.get("variants", {"on": 1, "off": 0})
    told = {key: (each.value, each.reason) for (_, key, _), each in zip(asked, found, strict=True)}
    assert told["for-ann"] == (True, Reason.TARGETING_MATCH)
    assert told["context-aware"] == ("INTERNAL", Reason.TARGETING_MATCH)
    assert told["integer-flag"] == (10, Reason.STATIC)
    assert told["whole-flag"] == (2.0, Reason.STATIC)
    assert type(told["whole-flag"][0]) is float
    assert told["object-flag"][0] == {"showImages": True, "title": "Check out", "images": 100}
    assert told["list-flag"][0] == [1, 2]
    assert told["off-flag"] == ("#444", Reason.DISABLED)
    assert told["split-flag"][1] == Reason.SPLIT
    assert found[-1].flag_metadata == {"owner": "payments", "kind": "ops", "version": "r7"}


def test_what_the_server_refuses_gives_the_default_with_its_code(ask: Ask) -> None:
    """Otherwise a caller could not tell a typing error from a server that is away."""
    for asked, code in [
        (("string", "boolean-flag", "x", ANN), ErrorCode.TYPE_MISMATCH),
        (("integer", "boolean-flag", 7, ANN), ErrorCode.TYPE_MISMATCH),
        (("boolean", "integer-flag", True, ANN), ErrorCode.TYPE_MISMATCH),
        (("boolean", "missing/flag", True, ANN), ErrorCode.FLAG_NOT_FOUND),
        (("string", "split-flag", "x"), ErrorCode.TARGETING_KEY_MISSING),
        (("string", "split-flag", "x", EvaluationContext("ann", {"odd": float("nan")})), ErrorCode.INVALID_CONTEXT),
    ]:  # fmt: skip
        found = ask(*asked)
        assert (found.value, found.error_code, found.reason) == (asked[2], code, Reason.ERROR), asked


def test_moments_reach_the_rules(ask: Ask) -> None:
    """Otherwise a rule about a date would see nothing, or text that it can't read."""
    joined = EvaluationContext("ann", {"joined": datetime(2025, 5, 1, tzinfo=UTC)})
    assert ask("boolean", "since", False, joined).value is True


def test_a_server_that_was_away_is_asked_again(kit: Reliakit, port: int) -> None:
    """Otherwise a deployment of the other service would cost this one its flags until it is restarted."""
    provider = OFREPProvider(f"http://127.0.0.1:{port}", token=TOKEN, timeout=10, rest=0)
    with served(kit, port):
        assert provider.resolve_boolean_details("boolean-flag", False, ANN).value is True
    gone = provider.resolve_boolean_details("boolean-flag", False, ANN)
    assert (gone.value, gone.error_code) == (False, ErrorCode.GENERAL)
    assert str(port) in str(gone.error_message)
    with served(kit, port):
        assert provider.resolve_boolean_details("boolean-flag", False, ANN).value is True
    provider.shutdown()


def test_a_wrong_token_is_named_and_not_shown(kit: Reliakit, port: int) -> None:
    """Otherwise one would search the flags for what is wrong with a secret, or read that in a log."""
    with served(kit, port):
        provider = OFREPProvider(f"http://127.0.0.1:{port}", token="s3cret", timeout=10)
        found = provider.resolve_boolean_details("on", True)
        provider.shutdown()
    assert (found.value, found.error_code) == (True, ErrorCode.GENERAL)
    assert "token" in str(found.error_message)
    assert "s3cret" not in str(found.error_message)


class Says:
    """A server that answers everything the same, and counts how often it was asked."""

    def __init__(self, status: int, body: bytes, **headers: str) -> None:
        self.status, self.body, self.headers, self.asked = status, body, headers, 0


@contextmanager
def saying(says: Says) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            says.asked += 1
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(says.status)
            for name, value in says.headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(says.body)))
            self.end_headers()
            self.wfile.write(says.body)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/base/"
        finally:
            server.shutdown()
            thread.join(10)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b""), (200, b"{"), (200, b"[]"), (200, b"null"), (200, b"\xff\x00"), (200, b'{"value": [1]}'),
        (200, b'{"value": "text", "reason": {}}'), (200, b"<html>log in</html>"), (200, b"[" * 50_000),
        (204, b""), (302, b""), (400, b'{"errorCode": 7}'), (400, b"{}"), (404, b"not here"), (404, b"{}"),
        (500, b'{"errorDetails": "broken"}'), (502, b"bad gateway"), (200, b'"' + b"x" * 2_000_000 + b'"'),
    ],
)  # fmt: skip
def test_garbage_is_the_default(status: int, body: bytes) -> None:
    """Otherwise whatever a proxy says when its server is gone would be raised in the callers' requests."""
    with saying(Says(status, body)) as url:
        provider = OFREPProvider(url, timeout=5, rest=0)
        found = provider.resolve_integer_details("limit", 7)
        assert found.value == 7
        assert found.error_code is not None or body == b""
        provider.shutdown()


@pytest.mark.parametrize("reason", ["STATIC", "OF_ITS_OWN"])
def test_what_a_foreign_server_says_beside_the_value_is_kept(reason: str) -> None:
    """Otherwise other servers than ours would lose what they tell of their decision."""
    said = {
        "key": "k",
        "value": 3,
        "reason": reason,
        "variant": "v",
        "metadata": {"a": 1, "b": [2]},
        "more": 1,
    }
    with saying(Says(200, json.dumps(said).encode())) as url:
        provider = OFREPProvider(url, timeout=5)
        found = provider.resolve_integer_details("k", 7)
        provider.shutdown()
    assert (found.value, found.reason, found.variant, found.flag_metadata) == (3, reason, "v", {"a": 1})


def test_a_server_that_is_asked_too_often_is_left_alone_as_long_as_it_says() -> None:
    """Otherwise each check would add to what it is complaining of."""
    says, moment = Says(429, b"{}", Retry_After="30"), [100.0]
    with saying(says) as url:
        link = OFREPLink(url, None, 5.0, 1.0, now=lambda: moment[0])
        assert link.post("/x", b"{}")[0] == 429
        for seconds, asked in [(29.0, 1), (1.5, 2), (1.0, 2)]:
            moment[0] += seconds
            if says.asked == asked:
                with pytest.raises(Unanswered, match="not asked again"):
                    link.post("/x", b"{}")
            else:
                assert link.post("/x", b"{}")[0] == 429
            assert says.asked == asked
        link.close()


def test_a_server_that_hangs_costs_one_caller_a_timeout_and_the_next_nothing() -> None:
    """Otherwise a hung server would slow each request of this service down by all its flags."""
    moment = [0.0]
    with socket_that_hangs() as (url, connected):
        link = OFREPLink(url, None, 0.2, 1.0, now=lambda: moment[0])
        for _ in range(5):
            with pytest.raises(Unanswered):
                link.post("/x", b"{}")
        assert connected() == 1
        moment[0] += 1.0
        with pytest.raises(Unanswered, match="does not answer in time"):
            link.post("/x", b"{}")
        assert connected() == 2


@contextmanager
def socket_that_hangs() -> Iterator[tuple[str, Callable[[], int]]]:
    """Accepts and says nothing."""
    import socket

    held: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            while True:
                try:
                    held.append(listener.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", lambda: len(held)
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)
        for each in held:
            each.close()


def test_an_event_loop_goes_on_while_an_answer_is_awaited() -> None:
    """Otherwise one slow flag would stop every other request of the process."""
    with socket_that_hangs() as (url, _):
        provider = OFREPProvider(url, timeout=0.5)

        async def work() -> int:
            turns, asking = 0, asyncio.ensure_future(provider.resolve_boolean_details_async("a", True))
            while not asking.done():
                await asyncio.sleep(0.01)
                turns += 1
            assert asking.result().value is True
            return turns

        assert asyncio.run(work()) > 5


@pytest.mark.parametrize(
    ("url", "token"),
    [
        ("flags.example.com", None), ("ftp://flags.example.com", None), ("http://", None),
        ("https://user:s3cret@flags.example.com", None), ("https://flags.example.com?key=s3cret", None),
        ("http://flags.example.com", "s3cret"),
    ],
)  # fmt: skip
def test_what_would_betray_a_secret_is_refused_without_saying_it(url: str, token: str | None) -> None:
    """Otherwise a token would cross the network for everybody to read, or a traceback would."""
    with pytest.raises(UsageError) as refused:
        OFREPProvider(url, token=token)
    assert "s3cret" not in str(refused.value)
