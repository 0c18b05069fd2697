"""What the gateway holds of what passes through it: nothing, however much it is."""

import http.client
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gateway.running import Gateway, Upstream, Visitors, gateway, upstream
from tests.servers.serving import until

_MEGABYTE = 1 << 20
_DEFINITIONS = """
upstreams: {{shop: {{endpoints: [{{url: "{url}"}}]}}}}
routes: [{{path_prefix: /, upstream: shop}}]
"""


@pytest.fixture(scope="module")
def shop() -> Iterator[Upstream]:
    with upstream("blue") as found:
        yield found


@pytest.fixture
def served(shop: Upstream, tmp_path: Path) -> Iterator[Gateway]:
    with gateway(tmp_path, _DEFINITIONS.format(url=shop.url), workers=1) as found:
        yield found


def test_a_large_body_does_not_stay_in_memory(served: Gateway) -> None:
    """Otherwise some people who send or fetch a film at once would bring a worker down."""
    _both_ways(served, 2 * _MEGABYTE)
    before = _resident(served)
    _both_ways(served, 30 * _MEGABYTE)
    assert _resident(served) - before < 10 * _MEGABYTE


@pytest.mark.soak
def test_bodies_of_100_mb_in_both_directions_at_once_grow_nothing(served: Gateway) -> None:
    """Otherwise a day of uploads would end in a restart."""
    _both_ways(served, 2 * _MEGABYTE)
    before = _resident(served)
    threads = [threading.Thread(target=_both_ways, args=(served, 100 * _MEGABYTE)) for _ in range(4)]
    for each in threads:
        each.start()
    most = before
    while any(each.is_alive() for each in threads):
        threads[0].join(0.1)
        most = max(most, _resident(served))
    assert most - before < 4 * 10 * _MEGABYTE
    assert _resident(served) - before < 10 * _MEGABYTE


@pytest.mark.soak
def test_200_000_requests_with_connections_that_come_and_go_grow_nothing(served: Gateway) -> None:
    """Otherwise a worker would have to be replaced every few days."""
    with Visitors(served.port, threads=8, pause=0) as clients:
        until(lambda: clients.answered > 20_000, 600)
        before, descriptors = _resident(served), _descriptors(served)
        until(lambda: clients.answered > 220_000, 3000)
        after = _resident(served)
    assert (clients.broken, clients.refused) == (0, 0)
    assert after - before < 5 * _MEGABYTE
    until(lambda: _descriptors(served) <= descriptors, 30)


def _both_ways(served: Gateway, size: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=120)
    try:
        pieces = (b"x" * 65_536 for _ in range(size // 65_536))
        connection.request(
            "POST", "/", body=pieces, encode_chunked=True, headers={"Transfer-Encoding": "chunked"}
        )
        assert b'"size": %d' % size in connection.getresponse().read()
        connection.request("GET", f"/large?{size}")
        response, received = connection.getresponse(), 0
        while piece := response.read(1 << 18):
            received += len(piece)
        assert received == size
    finally:
        connection.close()


def _resident(served: Gateway) -> int:
    (worker,) = served.workers()
    pages = int(Path(f"/proc/{worker}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _descriptors(served: Gateway) -> int:
    (worker,) = served.workers()
    return len(os.listdir(f"/proc/{worker}/fd"))
