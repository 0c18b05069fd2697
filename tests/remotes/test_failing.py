"""Endpoints die, stop and crawl under load: who may be asked again is answered, and nothing happens twice."""

import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from reliakit import Reliakit
from reliakit.failover.endpoints import Status
from tests.remotes.fleet import IDEMPOTENT, ASGIClients, Endpoint, WSGIClients, definitions, endpoints
from tests.servers.serving import until

KitOf = Callable[..., Reliakit]


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[list[Endpoint]]:
    with endpoints(tmp_path, 3) as found:
        yield found


def _statuses(kit: Reliakit) -> list[Status]:
    return [health.status for _, health in kit._runtime.remotes.known["shop"]]


def _out(kit: Reliakit, endpoint: int) -> bool:
    return _statuses(kit)[endpoint] is not Status.HEALTHY


def _twice(fleet: list[Endpoint]) -> list[str]:
    """Returns the POSTs that were sent more than once."""
    posted = Counter(path for each in fleet for method, path, _, _ in each.seen if method == "POST")
    return [path for path, times in posted.items() if times > 1]


def _kill(victim: Endpoint) -> None:
    victim.kill()


def _stop(victim: Endpoint) -> None:
    victim.send(signal.SIGSTOP)


def _slow(victim: Endpoint) -> None:
    victim.tell("/-/slow?10")


def _break(victim: Endpoint) -> None:
    victim.tell("/-/fail?503")


@pytest.mark.parametrize("clients", [ASGIClients, WSGIClients])
@pytest.mark.parametrize("harm", [_kill, _stop, _slow, _break])
def test_a_request_that_may_be_repeated_never_fails_while_another_endpoint_is_well(
    harm: Callable[[Endpoint], None], clients: Any, fleet: list[Endpoint], kit_of: KitOf
) -> None:
    """Otherwise every server that is lost costs errors, or an order is placed twice to avoid one."""
    kit = kit_of(definitions(fleet, priorities={"prefer": "zone"}))
    with clients(kit) as asking:
        asking.more(50)
        harm(fleet[0])
        until(lambda: _statuses(kit)[0] is not Status.HEALTHY)
        asking.more(100)
        seen = len(fleet[0].seen)
        asking.more(100)
        assert len(fleet[0].seen) == seen
    assert asking.failed(*IDEMPOTENT) == {}
    assert _twice(fleet) == []
    assert _statuses(kit)[1:] == [Status.HEALTHY] * 2


@pytest.mark.parametrize("clients", [ASGIClients, WSGIClients])
def test_a_zone_that_is_cut_moves_to_the_other_one_and_back(
    clients: Any, fleet: list[Endpoint], kit_of: KitOf
) -> None:
    """Otherwise a zone's outage is the service's, though half of it runs elsewhere."""
    kit = kit_of(definitions(fleet, priorities={"prefer": "zone"}))
    with clients(kit) as asking:
        until(lambda: _statuses(kit) == [Status.HEALTHY] * 3)  # before, all zones are asked
        asking.more(20)
        seen = len(fleet[2].seen)
        asking.more(100)
        assert len(fleet[2].seen) == seen
        for each in fleet[:2]:
            each.kill()
        until(lambda: [each is Status.HEALTHY for each in _statuses(kit)] == [False, False, True])
        asking.more(100)
        for each in fleet[:2]:
            each.start()
        until(lambda: _statuses(kit) == [Status.HEALTHY] * 3)
        seen = len(fleet[2].seen)
        asking.more(100)
        assert len(fleet[2].seen) <= seen + len(asking._threads) + 8
    assert asking.failed(*IDEMPOTENT) == {}
    assert _twice(fleet) == []


def test_an_endpoint_that_flaps_costs_nobody_an_answer(fleet: list[Endpoint], kit_of: KitOf) -> None:
    """Otherwise a server in a crash loop would take some requests down at each turn."""
    kit = kit_of(definitions(fleet, priorities={"prefer": "region"}))
    with ASGIClients(kit) as asking:
        for _ in range(3):
            asking.more(40)
            fleet[0].kill()
            asking.more(40)
            fleet[0].start()
        until(lambda: _statuses(kit) == [Status.HEALTHY] * 3)
    assert asking.failed(*IDEMPOTENT) == {}
    assert _twice(fleet) == []


def test_without_checks_an_endpoint_that_refuses_is_out_and_comes_back(
    fleet: list[Endpoint], kit_of: KitOf
) -> None:
    """Otherwise whoever configures nothing loses requests for as long as a server is down."""
    kit = kit_of(definitions(fleet, checked=False, outlier_detection="off"))
    with ASGIClients(kit) as asking:
        asking.more(20)
        fleet[0].kill()
        until(lambda: _statuses(kit)[0] is Status.UNHEALTHY)
        fleet[0].start()
        until(lambda: _statuses(kit)[0] is Status.HEALTHY)
        seen = len(fleet[0].seen)
        until(lambda: len(fleet[0].seen) > seen)
    assert asking.failed(*IDEMPOTENT) == {}


@pytest.mark.soak
@pytest.mark.parametrize("balancer", ["least_request", "round_robin", "ring_hash"])
@pytest.mark.parametrize("clients", [ASGIClients, WSGIClients])
@pytest.mark.parametrize("harm", [_kill, _stop, _slow, _break])
def test_the_same_for_long_and_for_each_balancer(
    harm: Callable[[Endpoint], None],
    clients: Any,
    balancer: str,
    fleet: list[Endpoint],
    kit_of: KitOf,
) -> None:
    """Otherwise what holds for one choice of endpoints would be taken for all."""
    kit = kit_of(
        definitions(
            fleet, balancer=balancer, outlier_detection={"base_ejection_time": "1s", "interval": "1s"}
        )
    )
    with clients(kit, 24, 0.02) as asking:
        for round_ in range(6):
            victim = fleet[round_ % 3]
            asking.more(500)
            harm(victim)
            until(partial(_out, kit, round_ % 3))
            asking.more(500)
            victim.kill()
            victim.start()
            until(lambda: _statuses(kit) == [Status.HEALTHY] * 3, 60)
            time.sleep(0.1)
    assert asking.failed(*IDEMPOTENT) == {}
    assert _twice(fleet) == []
