"""Upstreams that are elsewhere, beside an application that is wrapped: the same routes, rollouts and counts."""

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import closing
from typing import Any

import pytest

from reliakit import ConfigurationError, Reliakit, UsageError
from reliakit.definitions.documents import run
from reliakit.definitions.loading import Loaded
from reliakit.testing import ManualClock
from reliakit.testing.upstream_server import RawUpstream, answering
from tests.definitions.loaded import loaded
from tests.middleware.shop import http, outcomes
from tests.middleware.test_wsgi import call, environ
from tests.servers.serving import free_port, until

_OK = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"
_BROKEN = b"HTTP/1.1 500 X\r\ncontent-length: 0\r\n\r\n"

Ask = Callable[..., tuple[int, dict[str, str], bytes]]
By = Callable[[Reliakit], Ask]


@pytest.fixture
def server() -> Iterator[RawUpstream]:
    with closing(RawUpstream()) as found:
        found.script(answering(*[_OK] * 50))
        yield found
    assert found.failed == []


def _definitions(url: str, *more: str, weight: float = 100, **extra: Any) -> dict[str, Any]:
    endpoints = [{"url": each} for each in (url, *more)]
    return {
        "format": 1,
        "upstreams": {"far": {"endpoints": endpoints, "timeouts": {"connect": "1s", "read": "5s"}}},
        "rollouts": {
            "shop": {
                "slots": {"blue": {"upstream": "app"}, "green": {"upstream": "far"}},
                "initial": "blue",
                "weight": weight,
                "sticky": "none",
            }
        },
        "routes": [{"path_prefix": "/shop", "rollout": "shop"}, {"path_prefix": "/far", "upstream": "far"}],
        **extra,
    }


async def _app(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"app"})


def _wsgi_app(environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [])
    return [b"app"]


class _Loop:
    """An event loop that runs on a thread, as a server's does."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    def close(self) -> None:
        self.run(asyncio.sleep(0))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


@pytest.fixture(params=["asgi", "wsgi"])
def by(request: pytest.FixtureRequest) -> Iterator[By]:
    """Wraps an application by a kit, and returns what asks it."""
    loops: list[tuple[_Loop, Reliakit]] = []

    def by_asgi(kit: Reliakit) -> Ask:
        loops.append((_Loop(), kit))
        return _by_asgi(kit, loops[-1][0])

    yield by_asgi if request.param == "asgi" else _by_wsgi
    for loop, kit in loops:
        kit.close()
        loop.close()


def _by_asgi(kit: Reliakit, loop: _Loop) -> Ask:
    app = kit.asgi(_app)

    async def ask(path: str, method: str) -> tuple[int, dict[str, str], bytes]:
        sent: list[Any] = []
        first = iter([{"type": "http.request", "body": b""}])

        async def receive() -> Any:
            return next(first, None) or await asyncio.Future()

        async def send(message: Any) -> None:
            sent.append(message)

        await app({**http(path), "method": method, "headers": [(b"host", b"shop.test")]}, receive, send)
        headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return sent[0]["status"], headers, b"".join(each["body"] for each in sent[1:])

    return lambda path, method="GET": loop.run(ask(path, method))


def _by_wsgi(kit: Reliakit) -> Ask:
    app = kit.wsgi(_wsgi_app)

    def ask(path: str, method: str = "GET") -> tuple[int, dict[str, str], bytes]:
        status, headers, body = call(
            app, environ(path, REQUEST_METHOD=method, HTTP_HOST="shop.test", RAW_URI=path)
        )
        return int(status[:3]), {name.lower(): value for name, value in headers}, body

    return ask


def test_a_canary_on_another_host_is_reached_and_counted(
    by: By, server: RawUpstream, kit_of: Callable[..., Reliakit]
) -> None:
    """Otherwise a release would be judged by nothing, since all of its requests go uncounted."""
    kit = kit_of(_definitions(server.url))
    ask = by(kit)
    assert ask("/shop/1")[0::2] == (200, b"hello")
    server.script(answering(_BROKEN))
    assert {ask("/shop/1")[0], ask("/shop/2")[0]} == {200}
    assert ask("/elsewhere")[2] == b"app"
    assert [each.line for each in server.seen] == [
        b"GET /shop/1 HTTP/1.1", b"GET /shop/1 HTTP/1.1", b"GET /shop/2 HTTP/1.1",
    ]  # fmt: skip
    assert outcomes(kit) == {("shop", "green", "split"): {"SUCCESS": 3}}


def test_what_an_upstream_fails_at_counts_against_its_slot(
    by: By, server: RawUpstream, kit_of: Callable[..., Reliakit]
) -> None:
    """Otherwise a version that does not even answer looks better than one that answers with errors."""
    kit = kit_of(_definitions(server.url))
    ask = by(kit)
    server.script(_break_and_hang_up)
    assert ask("/shop/1")[0] == 500
    status, headers, body = ask("/shop/2", "POST")
    assert (status, headers["content-type"]) == (502, "application/problem+json")
    assert json.loads(body)["reliakit"] == "connection_lost"
    assert outcomes(kit) == {("shop", "green", "split"): {"ERROR": 2}}


def test_a_canary_that_can_not_be_reached_gets_no_more_requests_until_it_may_be_back(
    by: By, kit_of: Callable[..., Reliakit]
) -> None:
    """Otherwise users get errors for as long as a process is down that has an understudy."""
    port, clock = free_port(), ManualClock()
    kit = kit_of(_definitions(f"http://127.0.0.1:{port}"), clock=clock)
    ask, ready = by(kit), kit._runtime.remotes.ready
    assert [ask("/shop/1")[0] for _ in range(3)] == [502] * 3
    until(lambda: "far" not in ready)
    assert [ask("/shop/1")[0] for _ in range(2)] == [200] * 2
    assert outcomes(kit) == {
        ("shop", "green", "split"): {"ERROR": 3},
        ("shop", "blue", "fallback"): {"SUCCESS": 2},
    }
    with closing(socket.create_server(("127.0.0.1", port))):
        clock.advance(1.1)
        until(lambda: "far" in ready)


def test_what_only_lives_elsewhere_is_asked_whatever_was_found_before(
    by: By, kit_of: Callable[..., Reliakit]
) -> None:
    """Otherwise the wrapped application would answer for paths that it knows nothing of."""
    kit = kit_of(_definitions(f"http://127.0.0.1:{free_port()}"), clock=ManualClock())
    ask = by(kit)
    assert [ask("/far/1")[0] for _ in range(5)] == [502] * 5


def test_another_endpoint_is_asked_only_where_nothing_can_happen_twice(
    by: By, server: RawUpstream, kit_of: Callable[..., Reliakit]
) -> None:
    """Otherwise one order would become two, or one server that is down would cost every other request."""
    with closing(RawUpstream()) as hanging_up:
        hanging_up.script(_read_and_reset)
        definitions = _definitions(server.url, hanging_up.url)
        definitions["upstreams"]["far"]["outlier_detection"] = "off"  # or it would get no orders at all
        ask = by(kit_of(definitions))
        assert [ask("/far/1")[0] for _ in range(10)] == [200] * 10
        posted = [ask("/far/1", "POST")[0] for _ in range(10)]
        got = [each for each in hanging_up.seen if each.line.startswith(b"POST")]
        assert posted.count(502) == len(got) > 0


def _break_and_hang_up(peer: Any) -> None:
    peer.request()
    peer.send(_BROKEN)
    _read_and_reset(peer)


def _read_and_reset(peer: Any) -> None:
    peer.request()
    peer.reset()


def test_a_process_is_not_ready_while_its_stable_version_can_not_be_reached(
    by: By, kit_of: Callable[..., Reliakit]
) -> None:
    """Otherwise a load balancer would go on to send requests to where they only fail."""
    definitions = _definitions(f"http://127.0.0.1:{free_port()}")
    definitions["rollouts"]["shop"]["slots"] = {"blue": {"upstream": "far"}, "green": {"upstream": "app"}}
    definitions["rollouts"]["shop"]["weight"] = 0
    kit = kit_of(definitions, clock=ManualClock())
    ask = by(kit)
    assert kit.ready
    assert [ask("/shop/1")[0] for _ in range(4)] == [502] * 4
    until(lambda: not kit.ready)


def test_a_change_keeps_the_connections_of_what_stays(
    by: By, server: RawUpstream, kit_of: Callable[..., Reliakit]
) -> None:
    """Otherwise each edit of a flag would cost all users a new connection, and those in use would leak."""
    with closing(RawUpstream()) as other:
        other.script(answering(*[_OK] * 10))
        kit = kit_of(_definitions(server.url))
        ask = by(kit)
        for path, url in (("/far/1", server.url), ("/far/2", server.url), ("/far/3", other.url)):
            definitions = _definitions(url, revision=path)
            _put_in_force(kit, definitions)
            assert ask(path)[0] == 200
        assert (server.accepted, other.accepted) == (1, 1)
        assert [each.connection for each in server.seen] == [0, 0]


def _put_in_force(kit: Reliakit, definitions: dict[str, Any]) -> None:
    found = loaded(json.dumps(definitions), "x.json").definitions
    assert found is not None
    run(kit._keeper._adopt(found, Loaded(found)))


def test_a_forked_process_uses_no_connection_of_its_parent(
    server: RawUpstream, kit_of: Callable[..., Reliakit]
) -> None:
    """Otherwise one visitor would get the answer to another one's request."""
    kit = kit_of(_definitions(server.url))
    ask = _by_wsgi(kit)
    assert [ask("/far/1")[0], ask("/far/2")[0]] == [200, 200]
    assert server.accepted == 1
    parents = kit._runtime.snapshot.upstreams["far"].wsgi.transports
    kit._runtime.remotes.after_fork()
    assert ask("/far/3")[0] == 200
    assert server.accepted == 2
    for each in parents:
        each.close()


def test_an_upstream_elsewhere_is_not_given_as_an_application(kit_of: Callable[..., Reliakit]) -> None:
    """Otherwise one of the two would be ignored, and nobody told which."""
    kit = kit_of(_definitions("http://127.0.0.1:1"))
    with pytest.raises(UsageError, match="endpoints for the upstream 'far'"):
        kit.asgi(_app, upstreams={"far": _app})


def test_a_gateway_can_not_be_inert(kit_of: Callable[..., Reliakit]) -> None:
    """Otherwise whoever turns reliakit off would turn the whole site off, and be told something else."""
    kit = kit_of(_definitions("http://127.0.0.1:1"), environ={"RELIAKIT_BYPASS": "1"})
    with pytest.raises(UsageError, match="RELIAKIT_BYPASS=1"):
        kit.gateway()


def test_a_gateway_says_which_of_its_definitions_need_an_application(kit_of: Callable[..., Reliakit]) -> None:
    """Otherwise requests for it would end in 404, in the night in which the file is first used."""
    with pytest.raises(
        ConfigurationError, match=r'rollouts\.shop\.slots\.blue\.upstream: "app" is an application'
    ):
        kit_of(_definitions("http://127.0.0.1:1")).gateway()
    with pytest.raises(ConfigurationError, match="no route leads anywhere"):
        kit_of({"format": 1}).gateway()
