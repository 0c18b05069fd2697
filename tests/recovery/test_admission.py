"""Single requests and the regions that they may go to."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reliakit import Reliakit
from tests.remotes.fleet import Endpoint, ask, ask_wsgi, definitions, endpoints, run


def _kit(kit_of: Callable[..., Reliakit], fleet: list[Endpoint], strategy: str) -> Reliakit:
    recovery = {"strategy": strategy, "regions": ["eu", "us"], "detect": "60s"}
    written = definitions(fleet, "aa", checked=False, outlier_detection="off", recovery=recovery)
    for place, region in zip(written["upstreams"]["shop"]["endpoints"], ("eu", "us"), strict=True):
        place["region"] = region
    return kit_of(written)


async def _ask(app: Any, requests: int) -> list[int]:
    return [await ask(app, "GET", f"/{number}") for number in range(requests)]


def _nobody(environ: Any, start_response: Callable[..., Any]) -> list[bytes]:
    start_response("404 Not Found", [])
    return []


@pytest.mark.parametrize("side", ["asgi", "wsgi"])
@pytest.mark.parametrize(("strategy", "answered"), [("warm_standby", 503), ("active_active", 200)])
def test_a_repeat_goes_to_another_region_only_where_that_serves(
    strategy: str, answered: int, side: str, tmp_path: Path, kit_of: Callable[..., Reliakit]
) -> None:
    """Otherwise an order is written to a database that is a copy, because the primary had a bad second."""
    with endpoints(tmp_path, 2) as fleet:
        fleet[0].tell("/-/fail?503")
        kit = _kit(kit_of, fleet, strategy)
        if side == "asgi":
            statuses = run(kit, _ask(kit.gateway(), 10))
        else:
            app = kit.wsgi(_nobody)
            statuses = [ask_wsgi(app, "GET", f"/{number}") for number in range(10)]
            kit._runtime.remotes.close()
        assert set(statuses) == {answered}
        assert bool(fleet[1].seen) is (strategy == "active_active")
