"""A Prometheus can read what reliakit writes, whatever people call their flags and releases."""

from math import inf, nan

from hypothesis import given
from hypothesis import strategies as st

from reliakit.telemetry.fleet_metrics import DURATION, EVALUATIONS, FLEET, WEIGHT
from reliakit.telemetry.openmetrics import Durations, written
from tests.telemetry.parsed import families, samples

# A carriage return is no line break in OpenMetrics, but the parser splits text as Python does.
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"])) | st.sampled_from(
    ['"', "\\", "\n", '\\"', "\\n", "a\nb", "{}", ",=", "# EOF"]
)


@given(TEXT, TEXT)
def test_any_name_comes_through_as_it_is(flag, variant):
    """Otherwise one odd name would make every scrape fail, or count for another."""
    text = written({EVALUATIONS: [((flag, variant, "split"), 3)]})
    assert samples(text, "reliakit_fleet_flag_evaluations_total") == {(flag, "split", variant): 3}


@given(st.floats() | st.integers(-(2**60), 2**60))
def test_any_number_comes_through_as_it_is(value):
    """Otherwise evidence of 0.1 would be drawn as 0, or an infinite one break the scrape."""
    [found] = samples(written({WEIGHT: [(("shop", "blue"), value)]}), WEIGHT.name).values()
    assert found == value or (found != found and value != value)


def test_infinities_are_spelt_as_prometheus_does():
    text = written({WEIGHT: [(("a", "b"), inf), (("c", "d"), -inf), (("e", "f"), nan)]})
    assert [line.rpartition(" ")[2] for line in text.splitlines()[3:6]] == ["+Inf", "-Inf", "NaN"]


def test_a_histogram_is_cumulative_and_adds_up():
    """Otherwise `histogram_quantile` would be wrong without saying so."""
    place = ("shop", "blue", "split")
    text = written({DURATION: [(place, Durations((0.005, 0.1), (3, 0, 2), 1.25))]})
    assert samples(text, f"{DURATION.name}_bucket") == {
        ("split", le, "shop", "blue"): count for le, count in (("0.005", 3), ("0.1", 3), ("+Inf", 5))
    }
    assert samples(text, f"{DURATION.name}_count") == {("split", "shop", "blue"): 5}
    assert samples(text, f"{DURATION.name}_sum") == {("split", "shop", "blue"): 1.25}


def test_metrics_without_points_are_whole_too():
    """Otherwise the first scrape of a new service would fail."""
    found = families(written({metric: [] for metric in FLEET}))
    assert {name: (each.type, each.unit) for name, each in found.items()} == {
        metric.name: (metric.type, metric.unit) for metric in FLEET
    }
