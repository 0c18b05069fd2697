"""One scrape of one worker tells what all of them have counted, once."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient
from werkzeug.test import Client

from reliakit import Reliakit
from reliakit.core.counters import Given
from reliakit.core.evaluation import Reason
from reliakit.core.histogram import HTTP_BOUNDARIES
from reliakit.core.outcome import Outcome
from reliakit.core.rollouts import Assignment
from reliakit.core.tally import record
from reliakit.runtime.exposing import Exposer
from reliakit.runtime.summing import BOUNDS
from reliakit.stores.memory import MemoryStore
from reliakit.stores.protocol import StoreError, Totals
from reliakit.stores.sqlite import SQLiteStore
from reliakit.telemetry.fleet_metrics import FLEET
from reliakit.telemetry.openmetrics import CONTENT_TYPE
from reliakit.testing import ManualClock
from tests.runtime.prometheus_process import needs_prometheus, prometheus_server
from tests.runtime.workers import NOW, Worker
from tests.telemetry.parsed import families, samples

SHOP = {
    "slots": {"blue": {"upstream": "app"}, "green": {"upstream": "v2"}},
    "initial": "blue",
    "strategy": "canary",
    "steps": [20, 50],
    "slo": {"objective": "99%", "window": "1d"},
    "release": {"to": "green", "version": "2.4.1"},
}
DEFINITIONS = {
    "format": 1,
    "upstreams": {"v2": "in_process"},
    "rollouts": {"shop": SHOP},
    "flags": {"beta": {"percentage": 100}},
}


def test_the_counts_of_all_workers_are_added_up_once(tmp_path):
    """Otherwise a dashboard would show a fourth of the traffic, or whichever worker answered."""

    async def scene():
        clock = ManualClock(time=NOW)
        one, other = (Worker(tmp_path, clock, DEFINITIONS) for _ in range(2))
        for _ in range(3):
            await one.beat()
            await other.beat()
        one.serve("blue", 30, errors=3)
        other.serve("blue", 70)
        other.serve("green", 20, errors=1)
        other.tallies.counters.add(Given("beta", "on", Reason.SPLIT))
        await other.beat()
        await one.beat(70)
        await other.beat()
        texts = {await each.joined.exposer.text() for each in (one, other)}
        await one.close()
        await other.close()
        return texts

    [text] = asyncio.run(scene())
    requests = samples(text, "reliakit_fleet_requests_total")
    assert requests["split", "success", "shop", "blue"] == 97
    assert requests["split", "error", "shop", "blue"] == 3
    assert requests["split", "error", "shop", "green"] == 1
    assert samples(text, "reliakit_fleet_request_duration_seconds_count")["split", "shop", "blue"] == 100
    total = samples(text, "reliakit_fleet_request_duration_seconds_sum")["split", "shop", "blue"]
    assert total == pytest.approx(2.0)
    assert samples(text, "reliakit_fleet_workers") == {(): 2}
    assert samples(text, "reliakit_fleet_info") == {("host",): 1}
    assert samples(text, "reliakit_fleet_rollout_weight_percent") == {
        ("shop", "blue"): 80,
        ("shop", "green"): 20,
    }
    assert (
        samples(text, "reliakit_fleet_rollout_phase")["pending", "shop"]
        + samples(text, "reliakit_fleet_rollout_phase")["running", "shop"]
        == 1
    )
    assert set(samples(text, "reliakit_fleet_rollout_evidence")) >= {
        ("errors", "shop", "rollback"),
        ("errors", "shop", "promotion"),
    }
    threshold = samples(text, "reliakit_fleet_rollout_evidence_threshold")
    assert threshold["errors", "shop", "rollback"] == pytest.approx(4.605, abs=0.001)
    assert samples(text, "reliakit_fleet_journal_entries_total")[()] >= 2
    assert samples(text, "reliakit_fleet_flag_evaluations_total") == {("beta", "split", "on"): 1}
    # Four errors of 120 requests, of which 1 % may fail.
    assert samples(text, "reliakit_fleet_error_budget_ratio") == {("shop",): pytest.approx(1 - 4 / 1.2)}


def test_every_duration_is_in_the_bucket_where_it_belongs(tmp_path):
    """Otherwise a p99 would be drawn where nobody waited so long."""

    async def scene():
        one = Worker(tmp_path, ManualClock(time=NOW), DEFINITIONS)
        row = one.tallies.numbers.of(("shop", "blue", Assignment.SPLIT, 1, ""))
        for bound in BOUNDS:
            record(one.tallies.local.rows, row, Outcome.SUCCESS, bound * 0.9999)
            record(one.tallies.local.rows, row, Outcome.SUCCESS, bound * 1.0001)
        await one.beat()
        text = await one.joined.exposer.text()
        await one.close()
        return text

    found = samples(asyncio.run(scene()), "reliakit_fleet_request_duration_seconds_bucket")
    counts = [count for _, count in sorted(found.items(), key=lambda each: float(each[0][1]))]
    assert counts == [*range(1, 2 * len(BOUNDS), 2), 2 * len(BOUNDS)]
    assert all(abs(ours / theirs - 1) < 0.02 for ours, theirs in zip(BOUNDS, HTTP_BOUNDARIES, strict=True))


class Counting(MemoryStore):
    """Counts how often it is read."""

    def __init__(self) -> None:
        super().__init__()
        self.reads, self.away = 0, False

    async def totals(self, prefix: str = "") -> Totals:
        self.reads += 1
        await asyncio.sleep(0)
        if self.away:
            raise StoreError("it is away")
        return await super().totals(prefix)


def test_whoever_asks_within_a_second_is_served_from_one_reading():
    """Otherwise whoever can reach the endpoint could keep the store busy."""

    async def scene():
        store, clock = Counting(), ManualClock()
        exposer = Exposer(store, dict, clock)
        texts = await asyncio.gather(*(exposer.text() for _ in range(20)))
        assert (len(set(texts)), store.reads) == (1, 1)
        clock.advance(0.9)
        await exposer.text()
        assert store.reads == 1
        clock.advance(0.2)
        store.away = True
        with pytest.raises(StoreError):
            await exposer.text()
        store.away = False
        await exposer.text()
        assert store.reads == 3

    asyncio.run(scene())


def kit_over(store: Any) -> Reliakit:
    return Reliakit({"format": 1, "flags": {"beta": {"percentage": 100}}}, store=store)


def test_a_mounted_asgi_app_shows_them():
    """Otherwise several workers behind one port could not be scraped."""
    kit = kit_over(MemoryStore())
    with TestClient(Starlette(routes=[Mount("/metrics", app=kit.metrics_asgi())])) as client:
        found = client.get("/metrics")
        assert (found.status_code, found.headers["content-type"]) == (200, CONTENT_TYPE)
        assert set(families(found.text)) == {metric.name for metric in FLEET}
        head = client.head("/metrics")
        assert (head.status_code, head.content) == (200, b"")
        assert client.post("/metrics").status_code == 405
    kit.close()


def test_a_mounted_wsgi_app_shows_them_to_many_threads_at_once():
    """Otherwise services on gunicorn's threads would have none."""
    kit = kit_over(MemoryStore())
    client = Client(kit.metrics_wsgi())
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: client.get("/metrics"), range(32)))
    assert {each.status_code for each in found} == {200}
    assert set(families(found[0].text)) == {metric.name for metric in FLEET}
    assert client.head("/metrics").data == b""
    refused = client.delete("/metrics")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")
    kit.close()


@pytest.mark.parametrize("kind", ["asgi", "wsgi"])
def test_a_store_that_is_away_is_a_503_that_names_nothing(kind, tmp_path: Path, caplog):
    """Otherwise an outage would look like a service without traffic, or tell strangers where the store is."""
    (tmp_path / "secret-place").write_text("not a folder")
    kit = kit_over(SQLiteStore(tmp_path / "secret-place" / "reliakit.db"))
    for _ in range(3):
        if kind == "asgi":
            answer: Any = TestClient(kit.metrics_asgi()).get("/")
        else:
            answer = Client(kit.metrics_wsgi()).get("/")
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
        assert json.loads(answer.text)["status"] == 503
        assert "secret-place" not in answer.text
    kit.close()


def test_a_stopped_engine_is_a_503_too(monkeypatch):
    """Otherwise a scrape during a shutdown would hang, or raise."""
    kit = kit_over(MemoryStore())
    client = Client(kit.metrics_wsgi())
    assert client.get("/").status_code == 200
    monkeypatch.setattr(kit._runtime, "wake", lambda: None)
    kit.close()
    assert client.get("/").status_code == 503


@needs_prometheus
def test_a_real_prometheus_scrapes_it(tmp_path: Path):
    """Otherwise the text would be one that only the parser in our tests reads."""
    kit = kit_over(MemoryStore())
    server = uvicorn.Server(uvicorn.Config(kit.metrics_asgi(), log_level="error", lifespan="off"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        port = listening.getsockname()[1]
        try:
            with prometheus_server(tmp_path, SCRAPES.format(port=port)) as url:
                _until(lambda: _asked(url, "reliakit_fleet_workers") == "1")
                assert _asked(url, 'reliakit_fleet_info{scope="process"}') == "1"
                assert _asked(url, "reliakit_fleet_journal_entries_total") is not None
                assert _asked(url, 'up{job="reliakit"}') == "1"
        finally:
            server.should_exit = True
            thread.join(10)
    kit.close()


SCRAPES = """\
global: {{scrape_interval: 200ms, scrape_timeout: 200ms}}
scrape_configs: [{{job_name: reliakit, static_configs: [{{targets: ["127.0.0.1:{port}"]}}]}}]
"""


def _asked(url: str, query: str) -> str | None:
    with urlopen(f"{url}/api/v1/query?{urlencode({'query': query})}", timeout=5) as answer:
        result = json.load(answer)["data"]["result"]
    return result[0]["value"][1] if result else None


def _until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)
