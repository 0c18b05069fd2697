"""The reference of metrics, from the tables that telemetry exports by."""

from reliakit.telemetry import METRICS, Metric
from reliakit.telemetry.fleet_metrics import FLEET, FleetMetric

__all__ = ["attributes", "fleet_page", "metrics_page"]


def metrics_page() -> str:
    """Returns what each worker exports, as Markdown."""
    return "\n\n".join(map(_worker, METRICS))


def fleet_page() -> str:
    """Returns what is told of all workers together, as Markdown."""
    return "\n\n".join(map(_fleet, FLEET))


def attributes() -> set[str]:
    """Returns every attribute and label that a point can have."""
    return {name for metric in METRICS for name in metric.attributes} | {
        name for metric in FLEET for name in metric.labels
    }


def _worker(metric: Metric) -> str:
    facts = (
        f"{metric.kind.value.capitalize()}, unit `{metric.unit}`; attributes: {_listed(metric.attributes)}."
    )
    return _object(metric.name, metric.description, facts)


def _fleet(metric: FleetMetric) -> str:
    samples = _listed(metric.samples)
    return _object(
        metric.name,
        metric.help,
        f"{metric.type.capitalize()}, samples: {samples}; labels: {_listed(metric.labels)}.",
    )


def _object(name: str, text: str, facts: str) -> str:
    return f"::::{{metric}} {name}\n{text}\n\n{facts}\n::::"


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "none"
