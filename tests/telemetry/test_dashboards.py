"""The dashboard and the alerts that ship show what reliakit exports: a name that nothing has would show nothing."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from shutil import which
from typing import Any

import pytest
import yaml
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from prometheus_client import CollectorRegistry

from reliakit.core.counters import Failed, Given, Happened, Ignored, Missed, Tracked, Unknown
from reliakit.core.evaluation import Reason
from reliakit.telemetry.fleet_metrics import FLEET
from reliakit.telemetry.histograms import with_histograms
from reliakit.telemetry.reading import Standing
from reliakit.telemetry.watching import Watch
from tests.telemetry.counted import Counted

DASHBOARDS = Path(__file__).resolve().parents[2] / "docs" / "dashboards"
ALERTS = DASHBOARDS / "alerts.yaml"
NAME = re.compile(r"\breliakit_[a-z_]+\b")
SELECTOR = re.compile(r"\b(reliakit_[a-z_]+)\{([^}]*)\}")
GROUPING = re.compile(r"\bby \(([^)]*)\)")
promtool = pytest.mark.skipif(
    which("promtool") is None, reason="promtool is not installed (Debian: prometheus)"
)


def exported() -> dict[str, set[str]]:
    """Returns sample name -> labels: of the fleet's text, and of what OpenTelemetry's exporter makes of a worker."""
    found = {sample: {*metric.labels, "le"} for metric in FLEET for sample in metric.samples}
    for name, labels in worker_samples():
        found.setdefault(name, {"le"}).update(labels)
    return found


def worker_samples() -> Iterator[tuple[str, set[str]]]:
    kit = Counted()
    kit.serve(0.01)
    for name in (
        Given("beta", "on", Reason.SPLIT),
        Missed("beta", "plan", "missing"),
        Unknown("x"),
        Failed("store"),
        Tracked("shop", "blue", 1, "order"),
        Ignored("order"),
        Happened("shop", "started"),
    ):
        kit.tallies.counters.add(name)
    kit.stands = [Standing("shop", "running", {"blue": 80.0}, (("errors", "rollback", 0.0, 4.6),))]
    registry = CollectorRegistry()
    reader = with_histograms(PrometheusMetricReader(registry=registry))
    watch = Watch(MeterProvider([reader], shutdown_on_exit=False))
    watch.watch(kit)
    for family in registry.collect():
        for sample in family.samples:
            yield sample.name, set(sample.labels)


def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DASHBOARDS / "grafana.json").read_text())
    return found


def expressions() -> list[str]:
    """Returns every PromQL expression that ships."""
    rules = [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]
    panels = [panel for panel in dashboard()["panels"] if panel["type"] != "row"]
    variables = [each["query"] for each in dashboard()["templating"]["list"]]
    return [
        *(rule["expr"] for rule in rules),
        *(target["expr"] for panel in panels for target in panel["targets"]),
        *(query["query"] for query in variables if isinstance(query, dict)),
    ]


def names_in(expression: str) -> set[str]:
    """Returns the metrics of an expression: what stands neither between braces nor behind `by`."""
    return set(NAME.findall(GROUPING.sub("", re.sub(r"\{[^}]*\}", "", expression))))


def test_every_metric_that_is_drawn_or_alerted_on_is_exported():
    known = exported()
    assert len(expressions()) > 25
    for expression in expressions():
        assert names_in(expression), expression
        assert names_in(expression) <= known.keys(), expression


def test_every_label_that_is_selected_or_grouped_by_is_exported():
    """Otherwise a selector that matches nothing would look like peace."""
    known = exported()
    for expression in expressions():
        for name, selectors in SELECTOR.findall(expression):
            assert set(re.findall(r"(\w+)\s*(?:=|!=|=~|!~)\"", selectors)) <= known[name], expression
        labels = set.union(*(known[name] for name in names_in(expression)))
        for grouping in GROUPING.findall(expression):
            assert {label.strip() for label in grouping.split(",")} <= labels, expression


def test_legends_and_messages_name_labels_that_there_are():
    """Otherwise people would be told that "" was rolled back."""
    known = set.union(*exported().values())
    assert set(re.findall(r"\$labels\.(\w+)", ALERTS.read_text())) <= known
    legends = [
        target["legendFormat"] for panel in dashboard()["panels"] for target in panel.get("targets", ())
    ]
    assert set(re.findall(r"\{\{(\w+)\}\}", " ".join(legends))) <= known


def test_every_metric_of_the_fleet_but_its_name_plate_is_drawn_or_alerted_on():
    """Otherwise the dashboard would fall behind what there is to see."""
    used = set().union(*map(names_in, expressions()))
    unused = {metric.name for metric in FLEET if not used & set(metric.samples)}
    assert unused == {"reliakit_fleet", "reliakit_fleet_journal_entries"}


def test_panels_have_numbers_of_their_own_and_do_not_overlap():
    """Otherwise Grafana would drop some of them on import."""
    panels = dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells = [
        (x, y)
        for panel in panels
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(cells) == len(set(cells))


@promtool
def test_prometheus_takes_the_rules():
    done = subprocess.run(
        ["promtool", "check", "rules", ALERTS], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


@promtool
def test_the_rules_fire_when_they_should_and_no_sooner(tmp_path):
    """Otherwise the first real rollback would be the first test of its alert."""
    written = (Path(__file__).parent / "alerts.test.yaml").read_text().replace("RULES", str(ALERTS))
    (tmp_path / "alerts.test.yaml").write_text(written)
    command = ["promtool", "test", "rules", tmp_path / "alerts.test.yaml"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@promtool
def test_prometheus_takes_every_query_of_the_dashboard(tmp_path):
    """Otherwise a panel would be a red triangle."""
    rules = [
        {"record": f"query_{number}", "expr": expression.replace("$__rate_interval", "5m").replace("$", "")}
        for number, expression in enumerate(expressions())
        if not expression.startswith("label_values")
    ]
    (tmp_path / "queries.yaml").write_text(yaml.safe_dump({"groups": [{"name": "all", "rules": rules}]}))
    command = ["promtool", "check", "rules", tmp_path / "queries.yaml"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
