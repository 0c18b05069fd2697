"""A metric that something else measures guards a release; where it can't be seen, that is neither good nor bad."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from reliakit.definitions.analysis_models import OutsideSection
from reliakit.rollouts.phases import Phase
from reliakit.runtime.journal import read_entry
from reliakit.runtime.outside import NoLook
from reliakit.runtime.prometheus import PrometheusMetric
from reliakit.testing import ManualClock
from tests.runtime.listening import Listener, until
from tests.runtime.prometheus_process import needs_prometheus, prometheus_server
from tests.runtime.workers import NOW, Worker, quick

ERROR = {"status": "error", "errorType": "bad_data", "error": "1:4: parse error: unexpected end of input"}


def vector(*values: str) -> tuple[int, Any]:
    """What a Prometheus answers to a query for an instant vector."""
    result = [
        {"metric": {"job": f"shop-{at}"}, "value": [1_800_000_000.3, value]}
        for at, value in enumerate(values)
    ]
    return 200, {"status": "success", "data": {"resultType": "vector", "result": result}}


def scalar(value: str) -> tuple[int, Any]:
    return 200, {"status": "success", "data": {"resultType": "scalar", "result": [1_800_000_000.3, value]}}


def look(listener_answer: Any, **limit: float) -> Any:
    async def scene():
        async with Listener() as prometheus:
            prometheus.answers.append(listener_answer)
            section = OutsideSection(f"{prometheus.url}/fleet/", "max(latency)", "2m", **limit)
            try:
                return await PrometheusMetric("latency", section).look()
            finally:
                [heard] = prometheus.heard
                assert (heard.path, heard.body) == ("/fleet/api/v1/query", b"query=max%28latency%29")

    return asyncio.run(scene())


@pytest.mark.parametrize(
    ("answer", "limit", "good"),
    [
        (vector("0.79"), {"above": 0.8}, True),
        (vector("0.8"), {"above": 0.8}, True),
        (vector("0.81"), {"above": 0.8}, False),
        (vector("0.1", "0.9", "0.2"), {"above": 0.8}, False),
        (vector("+Inf"), {"above": 0.8}, False),
        (vector("9"), {"below": 10}, False),
        (vector("11", "10"), {"below": 10}, True),
        (vector("11", "-1"), {"below": 0}, False),
        (scalar("3"), {"above": 2}, False),
        (scalar("3e-1"), {"above": 2}, True),
    ],
)
def test_a_value_is_held_against_its_limit_the_worst_series_first(answer, limit, good):
    """Otherwise a red dashboard would not stop a release, or a green one would."""
    seen = look(answer, **limit)
    assert (seen.name, seen.good) == ("latency", good)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (vector(), "the query found nothing"),
        (vector("1", "NaN"), "the query gave NaN"),
        ((400, ERROR), "it answered 400: 1:4: parse error: unexpected end of input"),
        (
            (503, {"status": "error", "error": "query timed out\n" + "x" * 900}),
            "it answered 503: query timed",
        ),
        ((200, {"status": "success", "data": {"resultType": "matrix", "result": []}}), "gives a matrix"),
        ((200, {"status": "success", "data": {"resultType": "vector", "result": [1]}}), "not what a Prom"),
        ((200, {"status": "success"}), "not what a Prometheus gives"),
        (web.Response(text="<html>log in</html>"), "it answered 200, without the JSON of a Prometheus"),
        (web.Response(status=302, headers={"location": "/login"}), "it answered 302"),
        (web.Response(body=b"\xff" * (1 << 21)), "an answer of more than 1,048,576 bytes"),
    ],
)
def test_what_can_not_be_seen_is_no_look_and_says_why(answer, why):
    """Otherwise an outage of the monitoring would roll back a good release, or promote a bad one."""
    with pytest.raises(NoLook) as raised:
        look(answer, above=0.8)
    assert why in str(raised.value)
    assert len(str(raised.value)) < 300


def definitions(url: str, query: str = "latency") -> Mapping[str, Any]:
    outside = {"latency": {"prometheus": url, "query": query, "above": 0.8, "for": "20s"}}
    shop = {
        "slots": {"blue": {"upstream": "app"}, "green": {"upstream": "v2"}},
        "initial": "blue",
        "strategy": "canary",
        "analysis": {"judge": "ratio", "outside": outside},
        "release": {"to": "green", "version": "2.4.1"},
    }
    return {"format": 1, "upstreams": {"v2": "in_process"}, "rollouts": {"shop": shop}}


async def run(one: Worker, seconds: int) -> None:
    for _ in range(seconds):
        one.serve("blue", 10)
        one.serve("green", 10)
        await one.beat(seconds=0)
        await until(lambda: one.joined.lookout.errands.idle)
        one.clock.advance(1)


async def began(tmp_path: Path, url: str) -> Worker:
    one = Worker(tmp_path, ManualClock(time=NOW), definitions(url))
    quick(one)
    await one.beat(2)
    return one


def phase(one: Worker) -> Phase | None:
    return one.joined.fleet.states["shop"].state.phase


def test_a_metric_that_stays_out_of_its_limit_rolls_back(tmp_path):
    """Otherwise whatever only the monitoring sees would have to be watched by a person."""

    async def scene():
        async with Listener() as prometheus:
            one = await began(tmp_path, prometheus.url)
            prometheus.answers.extend([vector("0.9")] * 2 + [vector("0.5")] + [vector("0.9")] * 9)
            await run(one, 28)
            assert phase(one) is Phase.RUNNING
            await run(one, 35)
            assert phase(one) is Phase.FAILED
            assert 5 <= len(prometheus.heard) <= 7
            events = [read_entry(entry.text).event for entry in await one.store.journal()]
            [back] = [event for event in events if event.get("what") == "rolled_back"]
            assert "latency was out of its limit at the last look" in str(back["verdicts"])
            await one.close()

    asyncio.run(scene())


def test_monitoring_that_is_away_moves_nothing_and_is_logged_once(tmp_path, caplog):
    """Otherwise its outage would be an outage of releases, or go unseen."""

    async def scene():
        async with Listener() as prometheus:
            one = await began(tmp_path, f"{prometheus.url}/T0KEN")
            prometheus.answers.extend([vector("0.9"), 500, 500, 500, 500, 500, vector("0.5")])
            await run(one, 55)
            assert phase(one) is Phase.RUNNING
            assert one.joined.lookout.trouble == {
                "shop/latency": "it answered 500, without the JSON of a Prometheus"
            }
            await run(one, 15)
            assert one.joined.lookout.trouble == {}
            assert phase(one) is Phase.RUNNING
            await one.close()

    asyncio.run(scene())
    assert caplog.text.count("shop/latency can't be seen") == 1
    assert "T0KEN" not in caplog.text


@needs_prometheus
def test_a_real_prometheus_is_understood(tmp_path):
    """Otherwise all of the above would be about an API that only we speak."""
    with prometheus_server(tmp_path) as url:
        for query, limit, good in (("vector(0.9)", 0.8, False), ("scalar(vector(0.5))", 0.8, True)):
            section = OutsideSection(url, query, "2m", above=limit)
            assert asyncio.run(PrometheusMetric("latency", section).look()).good is good
        for query, why in (
            ("no_such_metric", "found nothing"),
            ("sum(", "parse error"),
            ("up[5m]", "a matrix"),
        ):
            with pytest.raises(NoLook, match=why):
                asyncio.run(PrometheusMetric("latency", OutsideSection(url, query, "2m", above=1)).look())
