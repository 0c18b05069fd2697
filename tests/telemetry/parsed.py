"""OpenMetrics text, read by the parser of Prometheus' own client."""

from typing import Any

from prometheus_client.openmetrics.parser import text_string_to_metric_families

__all__ = ["families", "samples"]


def families(text: str) -> dict[str, Any]:
    """Returns family name -> family; raises ValueError where the text is no OpenMetrics."""
    return {family.name: family for family in text_string_to_metric_families(text)}


def samples(text: str, name: str) -> dict[tuple[str, ...], float]:
    """Returns the samples of one name: values of the labels, in the order of their names -> value."""
    return {
        tuple(value for _, value in sorted(sample.labels.items())): sample.value
        for family in families(text).values()
        for sample in family.samples
        if sample.name == name
    }
