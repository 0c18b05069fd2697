"""A rollout between two processes behind the gateway is judged as one between applications in a process."""

from pathlib import Path

from reliakit.rollouts.phases import Phase
from tests.fleet.fleets import Watched
from tests.gateway.running import Visitors, gateway, upstream
from tests.servers.serving import until

_ROLLOUT = """
rollouts:
  shop:
    slots: {{blue: {{upstream: blue}}, green: {{upstream: green}}}}
    initial: blue
    steps: [50]
    sticky: none
    release: {{to: green, version: 2.4.1}}
routes: [{{path_prefix: /, rollout: shop}}]
"""
_UPSTREAMS = """
upstreams:
  blue: {{endpoints: [{{url: "{blue}"}}]}}
  green: {{endpoints: [{{url: "{green}"}}]}}
"""


def test_a_version_that_fails_is_rolled_back(tmp_path: Path) -> None:
    """Otherwise a canary on another host would go on failing for half of the users."""
    store = f"sqlite:///{tmp_path}/shared.db"
    watched = Watched(store)
    with upstream("blue") as blue, upstream("green", errors=0.5) as green:
        definitions = (_UPSTREAMS + _ROLLOUT).format(blue=blue.url, green=green.url)
        with gateway(tmp_path, definitions, store=store) as served, Visitors(served.port) as clients:
            until(lambda: (found := watched.state()) and found.state.phase is Phase.FAILED, 40)
            served_by_green = clients.counts["green", 200] + clients.counts["green", 500]
            until(lambda: clients.counts["blue", 200] > 50, 20)
            assert clients.counts["green", 200]
            assert clients.counts["green", 500]
            until(lambda: _settled(clients), 20)
    assert "rolled_back" in watched.happened()
    assert watched.served()["green"] >= served_by_green > 0


_ZONES = """
upstreams:
  blue:
    endpoints: [{{url: "{blue}", region: eu, zone: a}}, {{url: "{far}", region: eu, zone: b}}]
    balancer: round_robin
    outlier_detection: off
  green:
    endpoints: [{{url: "{green}", region: eu, zone: a}}]
    outlier_detection: off
"""


def test_a_canary_in_one_zone_is_compared_with_stable_in_that_zone(tmp_path: Path) -> None:
    """Otherwise a bad zone in which stable alone runs would make a bad canary look like the better version."""
    store = f"sqlite:///{tmp_path}/shared.db"
    watched = Watched(store)
    with (
        upstream("blue") as blue,
        upstream("blue", errors=0.9) as far,
        upstream("green", errors=0.2) as green,
    ):
        definitions = (_ZONES + _ROLLOUT).format(blue=blue.url, far=far.url, green=green.url)
        with gateway(tmp_path, definitions, store=store) as served, Visitors(served.port) as clients:
            until(lambda: (found := watched.state()) and found.state.phase is Phase.FAILED, 40)
            assert clients.counts["blue", 500] > clients.counts["green", 500] > 0
    assert "rolled_back" in watched.happened()


def _settled(clients: Visitors) -> bool:
    """Whether green gets nothing any more."""
    before, blue = clients.counts["green", 200] + clients.counts["green", 500], clients.counts["blue", 200]
    until(lambda: clients.counts["blue", 200] > blue + 50, 20)
    return clients.counts["green", 200] + clients.counts["green", 500] == before


def test_a_version_that_is_gone_gets_nothing_and_stable_everything(tmp_path: Path) -> None:
    """Otherwise a canary whose process has died would cost half of the users their answers until it is judged."""
    with upstream("blue") as blue, upstream("green") as green:
        definitions = (_UPSTREAMS + _ROLLOUT).format(blue=blue.url, green=green.url)
        with (
            gateway(tmp_path, definitions, store=f"sqlite:///{tmp_path}/shared.db") as served,
            Visitors(served.port) as clients,
        ):
            until(lambda: clients.counts["green", 200] > 20, 30)
            green.process.terminate()
            green.process.wait(10)
            until(lambda: "upstream green can't be reached" in served.log, 20)
            refused, answered = clients.refused, clients.counts["blue", 200]
            until(lambda: clients.counts["blue", 200] > answered + 200, 20)
            # Each worker sends one now and then, to see whether it is back.
            assert clients.refused - refused < 20
            assert clients.broken == 0
