"""What becomes of single requests: whom they count against, where they stick, what is refused, copied and drained."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from reliakit import Reliakit
from reliakit.core.counters import Met
from reliakit.failover.endpoints import Status
from tests.middleware.shop import outcomes
from tests.remotes.fleet import Endpoint, ask, ask_wsgi, definitions, endpoints, run
from tests.servers.serving import until

KitOf = Callable[..., Reliakit]


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Endpoint]]:
    with endpoints(tmp_path_factory.mktemp("fleet"), 3) as found:
        yield found


def _met(kit: Reliakit, what: str) -> dict[str, int]:
    counts = kit._runtime.tallies.counts()
    return {
        name.which: count for name, count in counts.items() if isinstance(name, Met) and name.what == what
    }


def _fresh(fleet: list[Endpoint]) -> list[Endpoint]:
    for each in fleet:
        each.forget()
    return fleet


async def _nobody(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@pytest.mark.parametrize("side", ["asgi", "wsgi"])
def test_a_failure_that_another_endpoint_made_up_for_counts_against_the_canary(
    side: str, fleet: list[Endpoint], kit_of: KitOf
) -> None:
    """Otherwise retries hide from its release that half of a canary's servers answer nothing but errors."""
    broken = _fresh(fleet)[0]
    broken.tell("/-/fail?503")
    upstreams = definitions(fleet[:2], "aa", checked=False, outlier_detection="off", balancer="round_robin")
    slots = {"blue": {"upstream": "app"}, "green": {"upstream": "shop"}}
    rollout = {"slots": slots, "initial": "blue", "weight": 100, "sticky": "none"}
    kit = kit_of({**upstreams, "rollouts": {"shop": rollout}, "routes": [{"rollout": "shop"}]})
    try:
        if side == "asgi":
            asgi = kit.asgi(_nobody)
            statuses = run(kit, _each(asgi, 10))
        else:
            wsgi = kit.wsgi(lambda environ, start: [b""])
            statuses = [ask_wsgi(wsgi, "GET", f"/{number}") for number in range(10)]
    finally:
        broken.tell("/-/fail?200")
    assert statuses == [200] * 10
    assert outcomes(kit) == {("shop", "green", "split"): {"SUCCESS": 5, "ERROR": 5}}
    assert _met(kit, "retry") == {"retry": 5}


async def _each(app: Any, count: int) -> list[int]:
    return [await ask(app, "GET", f"/{number}") for number in range(count)]


def test_a_visitor_stays_at_one_endpoint_by_the_ring(fleet: list[Endpoint], kit_of: KitOf) -> None:
    """Otherwise caches and sessions that live in one server are cold for everybody."""
    _fresh(fleet)
    kit = kit_of(
        {
            **definitions(fleet, "aaa", balancer="ring_hash", checked=False),
            "identity": {"targeting_key": ["header"], "header": "X-User", "trusted_proxies": ["203.0.113.7"]},
        }
    )
    app = kit.gateway()

    async def asked() -> None:
        for number in range(60):
            await ask(app, "GET", f"/{number % 12}", (b"x-user", b"user-%d" % (number % 12)))

    run(kit, asked())
    places = Counter(path for each in fleet for path in {path for _, path, _, _ in each.seen})
    assert len(places) == 12
    assert set(places.values()) == {1}
    assert sum(bool(each.seen) for each in fleet) > 1


@pytest.mark.parametrize(
    ("limits", "limit"),
    [
        ({"requests": 3}, "max_requests"),
        ({"connections": 3}, "max_connections"),
        ({"pending": 1}, "max_pending_requests"),
    ],
)
def test_what_is_beyond_a_limit_is_refused_at_once(
    limits: dict[str, int], limit: str, fleet: list[Endpoint], kit_of: KitOf
) -> None:
    """Otherwise a service that is slow has all of its clients wait in us, until we are slow too."""
    only = _fresh(fleet)[0]
    only.tell("/-/slow?0.5")
    pool = {"connections": 2} if "pending" in limits else {"connections": 50}
    kit = kit_of(definitions([only], "a", limits=limits, pool=pool, checked=False))
    app = kit.gateway()

    async def asked() -> list[int]:
        return await asyncio.gather(*(ask(app, "GET", f"/{number}") for number in range(5)))

    try:
        assert Counter(run(kit, asked())) == {200: 3, 503: 2}
    finally:
        only.tell("/-/slow?0")
    assert _met(kit, "rejection") == {limit: 2}
    assert _met(kit, "retry") == {}


@pytest.mark.parametrize("side", ["asgi", "wsgi"])
def test_copies_go_to_the_mirror_and_leave_the_request_alone(
    side: str, fleet: list[Endpoint], kit_of: KitOf
) -> None:
    """Otherwise trying a new version on real requests would change what people get, or when."""
    first, mirror, _ = _fresh(fleet)
    mirror.tell("/-/slow?3")
    both = definitions([first], "a", mirror={"to": "next", "body": 100}, checked=False)
    both["upstreams"]["next"] = {"endpoints": [{"url": mirror.url}]}
    kit = kit_of(both)
    try:
        if side == "asgi":
            app = kit.gateway()

            async def asked() -> list[int]:
                loop = asyncio.get_running_loop()
                began = loop.time()
                statuses = [await ask(app, method, f"/{method}") for method in ("GET", "POST", "PUT")]
                assert loop.time() - began < 2.5
                while len(mirror.seen) < 3:
                    await asyncio.sleep(0.01)
                return statuses

            statuses = run(kit, asked())
        else:
            wsgi = kit.wsgi(lambda environ, start: [b""])
            statuses = [ask_wsgi(wsgi, method, f"/{method}") for method in ("GET", "POST", "PUT")]
            until(lambda: len(mirror.seen) == 3)
    finally:
        mirror.tell("/-/slow?0")
    assert statuses == [200] * 3
    assert sorted(first.seen) == [
        ("GET", "/GET", "", ""),
        ("POST", "/POST", "POST", ""),
        ("PUT", "/PUT", "PUT", ""),
    ]
    assert sorted(mirror.seen) == [(*each[:3], "shop") for each in sorted(first.seen)]


def test_a_mirror_that_is_gone_or_flooded_costs_nothing_but_copies(
    fleet: list[Endpoint], kit_of: KitOf
) -> None:
    """Otherwise an experiment that dies takes the service with it."""
    first, mirror, _ = _fresh(fleet)
    mirror.tell("/-/slow?3")
    both = definitions([first], "a", mirror={"to": "next", "most": 2}, checked=False)
    both["upstreams"]["next"] = {"endpoints": [{"url": mirror.url}]}
    kit = kit_of(both)
    try:
        assert run(kit, _each(kit.gateway(), 20)) == [200] * 20
    finally:
        mirror.tell("/-/slow?0")
    assert _met(kit, "mirror")["dropped"] == 18


def test_an_endpoint_that_drains_ends_what_it_has_and_gets_nothing_new(
    fleet: list[Endpoint], kit_of: KitOf
) -> None:
    """Otherwise a server that is taken out for a deploy loses the requests that it was working on."""
    _fresh(fleet)
    fleet[0].tell("/-/slow?0.5")
    kit = kit_of(definitions(fleet[:2], "aa", balancer="round_robin", checked=False))
    app, remotes = kit.gateway(), kit._runtime.remotes
    remote = remotes.find("shop")
    assert remote is not None

    async def asked() -> list[int]:
        under_way = [asyncio.create_task(ask(app, "POST", f"/first-{number}")) for number in range(4)]
        while remote.in_flight[fleet[0].url] != 2:
            await asyncio.sleep(0.01)
        remote.drain([fleet[0].url])
        while remote.known[0][1].status is not Status.DRAINING:
            await asyncio.sleep(0.01)
        later = [await ask(app, "POST", f"/later-{number}") for number in range(6)]
        return [*await asyncio.gather(*under_way), *later]

    try:
        assert run(kit, asked()) == [200] * 10
    finally:
        fleet[0].tell("/-/slow?0")
    assert remote.in_flight == {fleet[0].url: 0, fleet[1].url: 0}
    assert {path[:6] for _, path, _, _ in fleet[0].seen} == {"/first"}


def test_where_all_endpoints_drain_requests_are_refused(fleet: list[Endpoint], kit_of: KitOf) -> None:
    """Otherwise what is being emptied would never be empty."""
    shop = definitions(_fresh(fleet)[:1], "a", checked=False)
    shop["upstreams"]["shop"]["endpoints"][0]["drain"] = True
    kit = kit_of(shop)
    assert run(kit, _each(kit.gateway(), 2)) == [503, 503]
    assert fleet[0].seen == []


def test_a_changed_definition_keeps_what_is_known_of_endpoints_that_stay(
    fleet: list[Endpoint], kit_of: KitOf, tmp_path: Path
) -> None:
    """Otherwise each edit would send users to servers that are known to be down, until that is found out anew."""
    file, gone = tmp_path / "reliakit.json", "http://127.0.0.1:9"
    shop = definitions(_fresh(fleet)[:1], "a")
    shop["upstreams"]["shop"]["endpoints"].append({"url": gone, "region": "eu", "zone": "a"})
    shop["upstreams"]["shop"]["health_check"]["unhealthy_threshold"] = 1
    file.write_text(json.dumps(shop))
    kit = kit_of(file)
    kit.gateway()
    remotes = kit._runtime.remotes
    kit.enabled("anything", "somebody")
    until(lambda: [each.status for _, each in remotes.known["shop"]] == [Status.HEALTHY, Status.UNHEALTHY])
    before = remotes.find("shop")
    shop["upstreams"]["shop"]["endpoints"].reverse()
    shop["upstreams"]["shop"]["health_check"]["interval"] = "60s"
    file.write_text(json.dumps(shop))
    until(lambda: remotes.find("shop") is not before)
    assert [each.status for _, each in remotes.known["shop"]] == [Status.UNHEALTHY, Status.HEALTHY]
