"""What users see of flags and requests, through the real SDK and its in-memory reader."""

import gc
import re
import threading
from typing import get_args

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.semconv._incubating.attributes.feature_flag_attributes import (
    FEATURE_FLAG_KEY,
    FEATURE_FLAG_RESULT_REASON,
    FEATURE_FLAG_RESULT_VARIANT,
)
from opentelemetry.semconv.attributes.error_attributes import ERROR_TYPE

from reliakit import Reliakit
from reliakit.core.counters import AtUpstream, Failed, Happened, Ignored, Met, Tracked
from reliakit.core.histogram import HTTP_BOUNDARIES
from reliakit.core.outcome import Outcome
from reliakit.core.rollouts import Assignment
from reliakit.telemetry.failover_metrics import RegionsAt
from reliakit.telemetry.metrics import METRICS, Kind
from reliakit.telemetry.reading import Standing
from reliakit.telemetry.watching import Watch
from tests.telemetry.collecting import collected, watched
from tests.telemetry.counted import Counted, metrics, points

FLAGS = {
    "format": 1,
    "flags": {
        "beta": {"percentage": 99.9999999},
        "banner": {"rules": [{"if": {"plan": "pro"}, "percentage": 100}]},
    },
}


def counted_by_a_kit(*checks) -> Counted:
    """Runs real flag checks, so that the names a kit counts by are those that telemetry reads."""
    kit = Reliakit(FLAGS)
    for key, *user in checks:
        kit.enabled(key, *user)
    kit.close()
    counted = Counted()
    counted.counts = kit._runtime.tallies.counts
    return counted


def test_flag_evaluations_are_counted_by_key_variant_and_reason_as_semconv_names_them():
    kit = counted_by_a_kit(("beta", "ann"), ("beta", "bob"), ("beta",), ("banner", "ann"))
    found = metrics(collected(kit))["reliakit.flag.evaluations"].data.data_points
    served = {
        FEATURE_FLAG_KEY: "beta",
        FEATURE_FLAG_RESULT_VARIANT: "on",
        FEATURE_FLAG_RESULT_REASON: "split",
    }
    failed = {
        FEATURE_FLAG_KEY: "beta",
        FEATURE_FLAG_RESULT_REASON: "error",
        ERROR_TYPE: "targeting_key_missing",
    }
    other = {
        FEATURE_FLAG_KEY: "banner",
        FEATURE_FLAG_RESULT_VARIANT: "off",
        FEATURE_FLAG_RESULT_REASON: "default",
    }
    assert sorted((point.value, sorted(point.attributes.items())) for point in found) == sorted(
        (value, sorted(attributes.items())) for value, attributes in ((2, served), (1, failed), (1, other))
    )


def test_misspelt_flags_and_attributes_that_rules_miss_can_be_seen():
    data = collected(counted_by_a_kit(("banner", "ann"), ("new_chekout", "ann")))
    assert points(data, "reliakit.flag.unknown") == {("new_chekout",): 1}
    assert points(data, "reliakit.flag.attribute.misses") == {("banner", "plan", "missing"): 1}


def test_failures_of_reliakit_itself_can_be_alerted_on():
    kit = Counted()
    kit.tallies.counters.add(Failed("admission"))
    assert points(collected(kit), "reliakit.failures") == {("admission",): 1}


def test_requests_are_counted_by_rollout_slot_assignment_and_outcome():
    kit = Counted()
    kit.serve(0.01, 0.01)
    kit.serve(0.01, outcome=Outcome.CLIENT_ERROR)
    kit.serve(0.01, outcome=Outcome.ERROR, slot="green", assignment=Assignment.FORCED)
    found = points(collected(kit), "reliakit.requests")
    assert {name: value for name, value in found.items() if value} == {
        ("split", "success", "shop", "blue"): 2,
        ("split", "client_error", "shop", "blue"): 1,
        ("forced", "error", "shop", "green"): 1,
    }


def test_an_error_counter_exists_before_the_first_error_so_that_rate_sees_it():
    kit = Counted()
    kit.serve(0.01)
    reader = watched(kit)
    assert points(reader.get_metrics_data(), "reliakit.request.errors") == {("split", "shop", "blue"): 0}
    kit.serve(0.01, outcome=Outcome.ERROR)
    assert points(reader.get_metrics_data(), "reliakit.request.errors") == {("split", "shop", "blue"): 1}


def test_quantiles_of_durations_can_be_taken_without_a_histogram():
    """The buckets count all requests up to `le`, each boundary included, as Prometheus has it."""
    kit = Counted()
    kit.serve(0.005, 0.006, 0.2, 60.0)
    data = collected(kit)
    buckets = points(data, "reliakit.request.duration.bucket")
    assert [buckets[str(le), "split", "shop", "blue"] for le in HTTP_BOUNDARIES[:2]] == [1, 2]
    assert buckets["10.0", "split", "shop", "blue"] == 3
    assert buckets["+Inf", "split", "shop", "blue"] == 4
    assert points(data, "reliakit.request.duration.sum") == {("split", "shop", "blue"): 60.211}


def test_stale_definitions_can_be_alerted_on():
    fresh, stale = Counted(), Counted()
    stale.age, stale.failures, fresh.failures = 30.0, 2, 1
    data = collected(fresh, stale)
    assert points(data, "reliakit.snapshot.age") == {(): 30.0}
    assert points(data, "reliakit.reload.failures") == {(): 3}


def test_two_kits_of_one_process_are_added_up():
    first, second = Counted(), Counted()
    first.serve(0.01, 0.01)
    second.serve(0.01)
    second.serve(0.01, rollout="other")
    found = points(collected(first, second, first), "reliakit.requests")
    assert found["split", "success", "shop", "blue"] == 3
    assert found["split", "success", "other", "blue"] == 1


def test_totals_do_not_fall_when_a_kit_is_gone():
    """A reader takes a falling counter for a restart, and counts everything twice."""
    kit, gone = Counted(), Counted()
    kit.serve(0.01)
    gone.serve(0.01, 0.01)
    gone.age = 99.0
    reader = watched(kit, gone)
    assert points(reader.get_metrics_data(), "reliakit.requests")["split", "success", "shop", "blue"] == 3
    del gone
    gc.collect()
    data = reader.get_metrics_data()
    assert points(data, "reliakit.requests")["split", "success", "shop", "blue"] == 3
    assert points(data, "reliakit.snapshot.age") == {(): 0.0}


def test_what_ended_threads_have_counted_stays_counted():
    kit = Counted()
    reader = watched(kit)
    for expected in (5, 10):
        threads = [threading.Thread(target=kit.serve, args=(0.01,)) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        found = points(reader.get_metrics_data(), "reliakit.requests")
        assert found["split", "success", "shop", "blue"] == expected


def test_a_collection_agrees_with_itself_while_requests_are_served():
    """A rate of errors above 100 % would come of counters that were read at different moments."""
    kit = Counted()
    kit.serve(0.01, outcome=Outcome.ERROR)

    def busy():
        rows = kit.tallies.rows()
        kit.serve(0.01, outcome=Outcome.ERROR)
        return rows

    kit.rows = busy
    reader = watched(kit)
    for expected in (1, 2, 3):
        data = reader.get_metrics_data()
        assert points(data, "reliakit.requests")["split", "error", "shop", "blue"] == expected
        assert points(data, "reliakit.request.errors")["split", "shop", "blue"] == expected
        assert points(data, "reliakit.request.duration.bucket")["+Inf", "split", "shop", "blue"] == expected


def test_no_user_and_nothing_a_client_sent_is_in_any_attribute():
    kit = counted_by_a_kit(("banner", "user-4711"), ("beta", "user-4711"), ("nowhere", "user-4711"))
    kit.serve(0.01)
    exported = metrics(collected(kit))
    allowed = {metric.name: set(metric.attributes) for metric in METRICS}
    for name, metric in exported.items():
        for point in metric.data.data_points:
            assert set(point.attributes) <= allowed[name]
            assert "user-4711" not in map(str, point.attributes.values())


def test_unknown_flag_keys_are_bounded_whatever_a_client_sends():
    kit = counted_by_a_kit(*((f"guess-{number}", "ann") for number in range(1000)))
    found = points(collected(kit), "reliakit.flag.unknown")
    assert len(found) <= 101
    assert sum(found.values()) == 1000


def test_twenty_rollouts_stay_within_the_limit_of_the_sdk():
    """Beyond 2,000 points of one metric, the SDK adds up what comes later under `otel.metric.overflow`."""
    kit = Counted()
    for number in range(20):
        for slot in ("blue", "green"):
            for assignment in Assignment:
                kit.serve(0.01, rollout=f"rollout-{number}", slot=slot, assignment=assignment)
    for metric in metrics(collected(kit)).values():
        assert len(metric.data.data_points) <= 2000
        assert not any("otel.metric.overflow" in point.attributes for point in metric.data.data_points)


def test_the_table_of_metrics_is_what_is_exported():
    """A dashboard built from the documents would otherwise show nothing."""
    kit = counted_by_a_kit(("banner", "ann"), ("nowhere", "ann"))
    kit.serve(0.01)
    extra = Counted()
    extra.tallies.counters.add(Failed("admission"))
    extra.tallies.counters.add(Tracked("shop", "blue", 1, "order"))
    extra.tallies.counters.add(Ignored("order"))
    extra.tallies.counters.add(Happened("shop", "started"))
    extra.stands = [Standing("shop", "running", {"blue": 80.0}, (("errors", "rollback", 0.0, 4.6),))]
    for what in get_args(AtUpstream):
        extra.tallies.counters.add(Met("shop", what, "some"))
    extra.upstreams = {("shop", "healthy"): 3}
    extra.away = [RegionsAt("shop", "away", {"us": 100.0}, {"us": 0.5}, 20.0, 0.5, (60.0, 5.0))]
    exported = metrics(collected(kit, extra))
    assert set(exported) == {metric.name for metric in METRICS if metric.kind is not Kind.HISTOGRAM}
    for metric in METRICS:
        assert re.fullmatch(r"reliakit(\.[a-z_]+)+", metric.name)
        if metric.name in exported:
            assert (exported[metric.name].unit, exported[metric.name].description) == (
                metric.unit,
                metric.description,
            )


def test_what_is_met_with_at_upstreams_can_be_drawn_and_alerted_on():
    """Otherwise a server that is ejected, or a retry budget that is always spent, would be seen by nobody."""
    kit = Counted()
    kit.upstreams = {("shop", "healthy"): 2, ("shop", "ejected"): 1}
    kit.tallies.counters.add(Met("shop", "ejection", "consecutive_5xx"))
    kit.tallies.counters.add(Met("shop", "retry", "retry"))
    kit.tallies.counters.add(Met("shop", "retry", "not idempotent"))
    data = collected(kit)
    assert points(data, "reliakit.upstream.endpoints") == {("shop", "healthy"): 2, ("shop", "ejected"): 1}
    assert points(data, "reliakit.upstream.ejections") == {("consecutive_5xx", "shop"): 1}
    assert points(data, "reliakit.upstream.retries") == {("shop", "retry"): 1, ("shop", "not_idempotent"): 1}


def test_every_reader_of_one_provider_gets_everything():
    kit, first, second = Counted(), InMemoryMetricReader(), InMemoryMetricReader()
    watch = Watch(MeterProvider([first, second], shutdown_on_exit=False))
    watch.watch(kit)
    kit.serve(0.01)
    for expected in (1, 2):
        for reader in (first, second):
            found = points(reader.get_metrics_data(), "reliakit.requests")
            assert found["split", "success", "shop", "blue"] == expected
        kit.serve(0.01)


def test_where_rollouts_stand_can_be_drawn_and_alerted_on():
    """Otherwise nobody would see a canary that waits for them, or evidence that is about to decide."""
    kit = Counted()
    kit.stands = [
        Standing("shop", "running", {"blue": 80.0, "green": 20.0}, (("errors", "rollback", -0.5, 4.6),)),
        Standing("api", None, {"blue": 100.0}),
    ]
    kit.tallies.counters.add(Happened("shop", "advanced"))
    data = collected(kit)
    assert points(data, "reliakit.rollout.weight") == {
        ("shop", "blue"): 80.0,
        ("shop", "green"): 20.0,
        ("api", "blue"): 100.0,
    }
    assert points(data, "reliakit.rollout.phase") == {("shop", "running"): 1}
    assert points(data, "reliakit.rollout.evidence") == {("errors", "shop", "rollback"): -0.5}
    assert points(data, "reliakit.rollout.evidence.threshold") == {("errors", "shop", "rollback"): 4.6}
    assert points(data, "reliakit.rollout.transitions") == {("advanced", "shop"): 1}


def test_a_phase_that_has_passed_is_not_shown_any_more():
    """Otherwise a release would be running and failed at once, and every alert on phases fire for ever."""
    kit = Counted()
    kit.stands = [Standing("shop", "running", {"blue": 80.0})]
    reader = watched(kit)
    assert points(reader.get_metrics_data(), "reliakit.rollout.phase") == {("shop", "running"): 1}
    kit.stands = [Standing("shop", "failed", {"blue": 100.0})]
    assert points(reader.get_metrics_data(), "reliakit.rollout.phase") == {("shop", "failed"): 1}
