"""Workers who know of each other stay in their zones."""

from collections.abc import Callable
from pathlib import Path

from reliakit import Reliakit
from reliakit.failover.endpoints import Locality
from tests.servers.serving import until

_SHOP = """
format: 1
node: {{region: eu, zone: {zone}}}
store: {store}
upstreams:
  shop:
    endpoints:
      - {{url: "http://127.0.0.1:1", region: eu, zone: a}}
      - {{url: "http://127.0.0.1:2", region: eu, zone: a}}
      - {{url: "http://127.0.0.1:3", region: eu, zone: a}}
      - {{url: "http://127.0.0.1:4", region: eu, zone: b}}
      - {{url: "http://127.0.0.1:5", region: eu, zone: b}}
      - {{url: "http://127.0.0.1:6", region: eu, zone: b}}
routes: [{{upstream: shop}}]
"""


def test_a_worker_asks_its_own_zone_where_the_other_one_has_workers_too(
    kit_of: Callable[..., Reliakit], tmp_path: Path
) -> None:
    """Otherwise half of all requests cross zones, which is slower and is paid for, with nothing gained."""
    kits: list[Reliakit] = []
    for zone in "ba":  # who comes later looks at whom there is
        file = tmp_path / f"{zone}.yaml"
        file.write_text(_SHOP.format(zone=zone, store=f"sqlite:///{tmp_path}/shared.db"))
        kits.append(kit_of(file))
        kits[-1].gateway()
        kits[-1].enabled("anything", "somebody")
    until(lambda: _zones(kits[1]) == {"a"})
    assert _zones(kits[0]) == {"a", "b"}  # it knew of nobody else


def _zones(kit: Reliakit) -> set[str]:
    """Returns the zones that a worker sends requests to."""
    remote = kit._runtime.remotes.find("shop")
    assert remote is not None
    shares = remote._distribution.shares(6)
    places = [Locality(zone=zone) for zone in "aaabbb"]
    return {place.zone for place, share in zip(places, shares, strict=True) if share}
