"""An upstream in another process, reached from inside an application's own server and its workers."""

import http.client
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.running import Upstream, get, upstream
from tests.servers.serving import Server, gunicorn, serving, uvicorn

_DEFINITIONS = """
format: 1
flags: {{half: {{percentage: 50}}, banner: {{variants: {{a: x}}, split: {{a: 100}}}}, live: {{percentage: 0}}}}
upstreams:
  shop-v2: in_process
  away: {{endpoints: [{{url: "{url}"}}]}}
  gone: {{endpoints: [{{url: "http://127.0.0.1:9"}}]}}
routes:
  - {{path_prefix: /away/, upstream: away}}
  - {{path_prefix: /gone/, upstream: gone}}
  - {{path_prefix: /, upstream: app}}
"""
_SIZE = 1 << 20


@pytest.fixture(scope="module")
def shop() -> Iterator[Upstream]:
    with upstream("blue") as found:
        yield found


@pytest.fixture(
    params=[uvicorn(2), gunicorn(2, 4, preload=True)], ids=["uvicorn", "gunicorn gthread, preload"]
)
def server(request: pytest.FixtureRequest, shop: Upstream, tmp_path: Path) -> Iterator[Server]:
    file = tmp_path / "reliakit.yaml"
    file.write_text(_DEFINITIONS.format(url=shop.url))
    with serving(request.param, file) as found:
        found.workers(2)
        yield found


def test_each_worker_passes_requests_on_and_says_what_it_can_not_reach(
    server: Server, shop: Upstream
) -> None:
    """Otherwise a canary in another process would be reached by the worker that was tried, and not by its forks."""
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda number: _posted(server, f"/away/{number}?x=%7e"), range(40)))
    assert [each["target"] for each in told] == [f"/away/{number}?x=%7e" for number in range(40)]
    assert {(each["slot"], each["size"]) for each in told} == {("blue", _SIZE)}
    status, headers, body = get(server.port, "/gone/")
    assert (status, headers["Content-Type"]) == (502, "application/problem+json")
    assert json.loads(body)["reliakit"] == "connect_failed"


def _posted(server: Server, target: str) -> dict[str, Any]:
    """Sends a body of a megabyte in pieces, on a connection of its own so that any worker may get it."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    try:
        pieces = (b"x" * 4096 for _ in range(_SIZE // 4096))
        headers = {"Transfer-Encoding": "chunked", "Connection": "close"}
        connection.request("POST", target, body=pieces, encode_chunked=True, headers=headers)
        told: dict[str, Any] = json.loads(connection.getresponse().read())
        return told
    finally:
        connection.close()
