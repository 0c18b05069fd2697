"""Workers that are replaced, killed or stopped while clients ask: nobody notices who need not."""

import http.client
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.gateway.running import Gateway, Upstream, Visitors, gateway, get, upstream
from tests.servers.raw import connected, read_to_end
from tests.servers.raw import request as raw
from tests.servers.serving import free_port, until

_DEFINITIONS = """
upstreams: {{shop: {{endpoints: [{{url: "{url}"}}]}}}}
routes: [{{path_prefix: /, upstream: shop}}]
listen: {{keep_alive: 1s, drain: 5s}}
"""


@pytest.fixture(scope="module")
def shop() -> Iterator[Upstream]:
    with upstream("blue") as found:
        yield found


@pytest.fixture(scope="module")
def served(shop: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """One that goes on serving, whatever happens to its workers."""
    with gateway(tmp_path_factory.mktemp("gateway"), _DEFINITIONS.format(url=shop.url)) as found:
        yield found


@pytest.fixture
def ending(shop: Upstream, tmp_path: Path) -> Iterator[Gateway]:
    """One that the test ends."""
    with gateway(tmp_path, _DEFINITIONS.format(url=shop.url), workers=1) as found:
        yield found


def _lives(pid: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_replacing_the_workers_under_load_loses_nothing(served: Gateway) -> None:
    """Otherwise every change of a certificate would cost requests."""
    with Visitors(served.port, threads=8) as clients:
        for _ in range(2):
            _replace(served)
            _answered(clients, 50)
    assert (clients.broken, clients.refused) == (0, 0)
    assert clients.answered > 200


def _replace(served: Gateway) -> None:
    """Has the workers replaced, and waits until the former ones are gone."""
    former = served.workers()
    served.process.send_signal(signal.SIGHUP)
    until(lambda: not {*former} & {*served.workers()}, 30)
    until(lambda: not any(map(_lives, former)), 30)


def _whole_without(served: Gateway, worker: int) -> bool:
    found = served.workers()
    return len(found) == 2 and worker not in found


def _answered(clients: Visitors, more: int) -> None:
    answered = clients.answered
    until(lambda: clients.answered > answered + more, 10)


def test_workers_that_would_not_start_replace_nobody(served: Gateway) -> None:
    """Otherwise a slip of the pen in a file would take the whole service down."""
    former = served.workers()
    file = served.file
    sound = file.read_text()
    file.write_text(sound.replace("listen: {", "listen: {tls: {certificate: missing.pem}, "))
    served.process.send_signal(signal.SIGHUP)
    until(lambda: "the new workers do not start" in served.log, 30)
    assert served.workers() == former
    file.write_text("format: 1\nroutes: [{path_prefix: /, upstream: app}]\n")
    served.process.send_signal(signal.SIGHUP)
    until(lambda: "nothing is replaced: the gateway can't run on these definitions" in served.log, 10)
    assert '"app" is an application in the same process' in served.log
    assert served.workers() == former
    os.kill(former[0], signal.SIGKILL)
    until(lambda: _whole_without(served, former[0]), 30)
    file.write_text(sound)
    assert get(served.port, "/")[0] == 200


def test_a_killed_worker_is_replaced_and_costs_only_its_own_requests(served: Gateway) -> None:
    """Otherwise one worker out of memory would be an outage."""
    first, second = served.workers()
    with Visitors(served.port, threads=4) as clients:
        until(lambda: clients.answered > 20, 10)
        os.kill(first, signal.SIGKILL)
        until(lambda: _whole_without(served, first), 30)
        answered = clients.answered
        until(lambda: clients.answered > answered + 50, 10)
    assert second in served.workers()
    assert clients.broken <= 4  # one for each thread whose connection was to that worker
    assert f"worker {first} has ended (signal 9)" in served.log


def test_a_request_in_flight_ends_before_its_worker_does(ending: Gateway) -> None:
    """Otherwise every stop of the gateway would cut answers."""
    with connected(ending.port) as client:
        client.sendall(raw("GET /events HTTP/1.1"))
        until(lambda: _in_flight(ending), 10)
        ending.process.send_signal(signal.SIGTERM)
        until(lambda: not _accepts(ending.port), 10)
        _release(ending)
        received = read_to_end(client)
    assert b"data: second" in received
    assert received.endswith(b"0\r\n\r\n")
    ending.process.wait(10)


def _release(served: Gateway) -> None:
    """Asks the upstream itself: the gateway takes no more requests."""
    port = served.file.read_text().partition("127.0.0.1:")[2].partition('"')[0]
    get(int(port), "/release")


def _in_flight(served: Gateway) -> int:
    return sum(each.get("in_flight", 0) for each in served.shown("/-/health")["workers"])


def _accepts(port: int) -> bool:
    with suppress(OSError, http.client.HTTPException):
        return bool(get(port, "/")[0])
    return False


def test_no_worker_outlives_its_supervisor(ending: Gateway) -> None:
    """Otherwise a killed gateway would leave processes behind that hold its port."""
    workers = ending.workers()
    ending.process.kill()
    until(lambda: not any(map(_lives, workers)), 20)


def test_a_service_manager_is_told_how_far_it_is(
    shop: Upstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise systemd would send requests before anybody listens, or take a reload for an end."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(30)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        with gateway(tmp_path, _DEFINITIONS.format(url=shop.url), workers=1) as served:
            told = [manager.recv(100)]
            served.process.send_signal(signal.SIGHUP)
            told += [manager.recv(100), manager.recv(100)]
            served.process.terminate()
            told.append(manager.recv(100))
    words = [each.partition(b"\n")[0] for each in told]
    assert words == [b"READY=1", b"RELOADING=1", b"READY=1", b"STOPPING=1"]


def test_no_descriptor_stays_open(served: Gateway) -> None:
    """Otherwise a worker would refuse all connections after some days."""
    with Visitors(served.port, threads=4, pause=0) as clients:
        until(lambda: clients.answered > 100, 20)
        before = sum(map(_descriptors, served.workers()))
        until(lambda: clients.answered > 1000, 40)
    until(lambda: sum(map(_descriptors, served.workers())) <= before, 20)


def _descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def test_without_its_store_the_gateway_passes_on_as_before(shop: Upstream, tmp_path: Path) -> None:
    """Otherwise the store would be one more thing that takes the whole site down."""
    store = f"redis://127.0.0.1:{free_port()}/0"
    with gateway(tmp_path, _DEFINITIONS.format(url=shop.url), store=store, workers=1) as served:
        assert [get(served.port, "/")[0] for _ in range(20)] == [200] * 20
        assert get(served.admin, "/-/metrics")[0] == 503
        assert served.shown("/-/ready")["status"] == "ready"
        assert not served.shown("/-/status")["store"]["reachable"]
