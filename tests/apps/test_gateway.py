"""An app that others wrote, under a server that others wrote, behind the gateway: both as processes."""

import gzip
import os
import re
import signal
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from http.client import HTTPConnection, HTTPException
from typing import Any

import pytest

from tests.apps.httpbin_paths import PATHS
from tests.apps.varied import Sent, comparable, varied, worth_comparing
from tests.gateway.running import Gateway, gateway, get
from tests.servers.serving import free_port, until

DEFINITIONS = """
identity: {{targeting_key: [anonymous_cookie], cookie: {{keys: ["0123456789abcdef0123456789abcdef"]}}}}
upstreams:
  v1: {{endpoints: [{{url: "http://127.0.0.1:{port}"}}], pool: {{keep_alive: 1s}}}}
  v2: {{endpoints: [{{url: "http://127.0.0.1:{port}"}}], pool: {{keep_alive: 1s}}}}
rollouts:
  all: {{slots: {{one: {{upstream: v1}}, two: {{upstream: v2}}}}, initial: one, weight: 50}}
routes: [{{path_prefix: /, rollout: all}}]
"""
_DECODED: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.decompress, "deflate": zlib.decompress}
_OF_A_CONNECTION: tuple[str, ...] = ("connection", "keep-alive", "transfer-encoding")
_TOLD = re.compile(rb',\s+"(?:Forwarded|Via|X-Forwarded-[A-Za-z]+)": "(?:[^"\\]|\\.)*"')
"""What httpbin repeats of the headers that a hop adds; others come before them, in the order of the alphabet."""

_REPEATING = ("/anything", "/etag", "/get", "/headers")


@pytest.fixture(scope="module")
def bare() -> Iterator[int]:
    port = free_port()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "gunicorn", "httpbin:app", "--bind", f"127.0.0.1:{port}"),
            *("--worker-class", "gthread", "--threads", "4", "--log-level", "error"),
        ],
        stderr=subprocess.DEVNULL,  # it says what it is, and that of Swagger's page it has none
        start_new_session=True,
    )
    try:
        until(lambda: _serves(port), 60)
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


@pytest.fixture(scope="module")
def served(bare: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with gateway(tmp_path_factory.mktemp("gateway"), DEFINITIONS.format(port=bare)) as found:
        yield found


def _serves(port: int) -> bool:
    try:
        return get(port, "/status/200")[0] == 200
    except (OSError, HTTPException):
        return False


def asked(connection: HTTPConnection, sent: Sent, *, chunked: bool = False) -> Any:
    """Asks on a connection that is kept, so that a response which is not framed as it says spoils the next one.
    What is compressed is compared as it was before, without its length; so is a HEAD of what repeats headers.
    """
    headers = {"Host": "shop.test", **sent.headers}
    body: Any = sent.body
    if chunked and body:
        headers["Transfer-Encoding"], body = "chunked", iter([body[:7], body[7:]])
    connection.request(sent.method, sent.path, body, headers, encode_chunked=chunked)
    response = connection.getresponse()
    decode, gone = _DECODED.get(response.getheader("content-encoding", "")), _OF_A_CONNECTION
    body = response.read()
    if decode is not None and body:
        body = decode(body)
    if decode is not None or (sent.method == "HEAD" and sent.path.startswith(_REPEATING)):
        gone = (*gone, "content-length")
    kept = [pair for pair in response.getheaders() if pair[0].lower() not in gone]
    return comparable(response.status, kept, body)


def less_what_a_hop_adds(answer: Any) -> Any:
    """Returns an answer without the headers that httpbin repeats; and with a length that is as much less."""
    status, headers, body = answer
    less = _TOLD.sub(b"", body)
    length, fewer = ("content-length", str(len(body))), ("content-length", str(len(less)))
    return status, [fewer if pair == length else pair for pair in headers], less


@pytest.fixture
def clients(bare: int, served: Gateway) -> Iterator[tuple[HTTPConnection, HTTPConnection]]:
    direct, through = (HTTPConnection("127.0.0.1", port, timeout=20) for port in (bare, served.port))
    yield direct, through
    direct.close()
    through.close()


def test_httpbin_answers_as_ever(clients: tuple[HTTPConnection, HTTPConnection], served: Gateway) -> None:
    """Otherwise putting a service behind the gateway would change what its users get."""
    direct, through = clients
    answers: list[Any] = []
    for number, sent in enumerate(varied(PATHS, 400)):
        chunked = number % 3 == 0
        answers.append(less_what_a_hop_adds(asked(direct, sent, chunked=chunked)))
        assert less_what_a_hop_adds(asked(through, sent, chunked=chunked)) == answers[-1], sent
    assert worth_comparing(answers)
    until(lambda: _counted(served, "one") > 50 and _counted(served, "two") > 50, 10)


def _counted(served: Gateway, slot: str) -> int:
    """Returns how many requests the metrics say that a slot got."""
    text = get(served.admin, "/-/metrics")[2].decode()
    lines = re.findall(
        rf'^reliakit_fleet_requests_total\{{[^}}]*slot="{slot}"[^}}]*\}} (\S+)', text, re.MULTILINE
    )
    return sum(int(float(each)) for each in lines)


def test_what_a_hop_adds_is_all_that_is_left_out(clients: tuple[HTTPConnection, HTTPConnection]) -> None:
    """Otherwise the comparison above could overlook what it is there to find."""
    direct, through = (asked(each, Sent("GET", "/anything")) for each in clients)
    assert less_what_a_hop_adds(direct) == direct
    assert less_what_a_hop_adds(through) == direct != through
