"""A region dies or hangs, zones and all: what may be asked again ends where somebody is well, and nothing waits in vain."""

import asyncio
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from reliakit import Reliakit
from tests.remotes.fleet import Endpoint, ask, ask_wsgi, definitions, endpoints, run
from tests.servers.serving import until

KitOf = Callable[..., Reliakit]


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[list[Endpoint]]:
    with endpoints(tmp_path, 4) as found:
        yield found


def _two_regions(fleet: list[Endpoint], **section: Any) -> dict[str, Any]:
    """Three endpoints in two zones of our region, and one elsewhere; nothing but requests shows how they are."""
    found = definitions(fleet, "aaba", checked=False, priorities={"prefer": "zone"}, **section)
    found["upstreams"]["shop"]["endpoints"][3] |= {"region": "us", "priority": 1}
    return found


def _asked(kit: Reliakit, side: str, method: str, count: int, pause: float = 0.0) -> Counter[int]:
    """Returns the statuses of requests that are under way together."""
    if side == "wsgi":
        app = kit.wsgi(lambda environ, start: [b""])
        with ThreadPoolExecutor(count) as threads:
            return Counter(threads.map(lambda number: ask_wsgi(app, method, f"/{number}"), range(count)))
    return Counter(run(kit, _all(kit.gateway(), method, count, pause), 20))


async def _all(app: Any, method: str, count: int, pause: float) -> list[int]:
    under_way = []
    for number in range(count):
        under_way.append(asyncio.ensure_future(ask(app, method, f"/{number}")))
        await asyncio.sleep(pause)
    return await asyncio.gather(*under_way)


@pytest.mark.parametrize("side", ["asgi", "wsgi"])
def test_where_a_whole_region_hangs_the_other_one_answers(
    side: str, fleet: list[Endpoint], kit_of: KitOf
) -> None:
    """Otherwise a request that failed in both zones of a region fails, though another region is well."""
    kit = kit_of(_two_regions(fleet, retries={"minimum": 100}, outlier_detection="off"))
    for each in fleet[:3]:
        each.send(signal.SIGSTOP)
    assert _asked(kit, side, "PUT", 10) == {200: 10}
    assert {path for _, path, _, _ in fleet[3].seen} == {f"/{number}" for number in range(10)}


def test_a_region_that_hangs_is_asked_in_vain_no_more_than_the_budget_allows(
    fleet: list[Endpoint], kit_of: KitOf
) -> None:
    """Otherwise all repeats wait at zones from which nobody hears, until the budget has no room for those that help."""
    kit = kit_of(_two_regions(fleet, outlier_detection="off"))
    for each in fleet[:3]:
        each.send(signal.SIGSTOP)
    assert _asked(kit, "asgi", "GET", 60, pause=0.03) == {200: 60}


@pytest.mark.parametrize("side", ["asgi", "wsgi"])
def test_repeats_do_not_keep_the_budget_from_each_other(
    side: str, fleet: list[Endpoint], kit_of: KitOf
) -> None:
    """Otherwise requests that meet several dead endpoints wait for each other until all of them fail."""
    kit = kit_of(_two_regions(fleet, retries={"minimum": 3, "budget": 0}))
    for each in fleet[:3]:
        each.kill()
    assert _asked(kit, side, "POST", 30) == {200: 30}
    posted = Counter(path for _, path, _, _ in fleet[3].seen)
    assert set(posted.values()) == {1}


def test_an_endpoint_that_hangs_keeps_no_more_than_its_connections(
    fleet: list[Endpoint], kit_of: KitOf
) -> None:
    """Otherwise orders wait for a server that is gone, and are turned away, while its sibling has nothing to do."""
    section = {"pool": {"connections": 2}, "balancer": "round_robin", "outlier_detection": "off"}
    kit = kit_of(definitions(fleet[:2], "aa", checked=False, **section))
    fleet[0].send(signal.SIGSTOP)
    assert _asked(kit, "asgi", "POST", 30, pause=0.02) == {200: 28, 504: 2}


def test_what_found_no_free_connection_goes_elsewhere(fleet: list[Endpoint], kit_of: KitOf) -> None:
    """Otherwise a request that has not been sent anywhere fails for the one endpoint that it was meant for."""
    section = {
        "pool": {"connections": 1, "wait": "300ms"},
        "balancer": "round_robin",
        "outlier_detection": "off",
    }
    kit = kit_of(definitions(fleet[:2], "aa", checked=False, **section))
    fleet[0].send(signal.SIGSTOP)
    assert _asked(kit, "asgi", "GET", 6) == {200: 6}


def test_whoever_gave_no_answer_is_asked_again_last(fleet: list[Endpoint], kit_of: KitOf) -> None:
    """Otherwise every repeat would find out anew, and slowly, which of the others hang too."""
    kit = kit_of(definitions(fleet[:3], "abc", checked=False, outlier_detection="off"))
    chooser = kit._runtime.remotes.find("shop").asgi.side.chooser  # type: ignore[union-attr]
    fleet[1].send(signal.SIGSTOP)
    assert _asked(kit, "asgi", "POST", 12)[504] >= 1
    until(lambda: set(chooser.suspects) == {1})
    assert {chooser.another([0]) for _ in range(50)} == {2}
    assert chooser.another([0, 2]) == 1
    fleet[1].send(signal.SIGCONT)
    assert _asked(kit, "asgi", "GET", 12) == {200: 12}
    until(lambda: not chooser.suspects)
