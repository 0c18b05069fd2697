"""Samples that a test has given a percentage, which no pin can hold: it is drawn for each call."""

from collections.abc import Mapping
from typing import Any

__all__ = ["percentage_of", "percentages"]

percentages: dict[str, list[float]] = {}
"""Key of a sample -> its percentages, the one of the innermost test last."""


def percentage_of(key: str, written: Mapping[str, Any]) -> float | None:
    """Returns the percentage of a sample; None where it has none."""
    return percentages[key][-1] if percentages.get(key) else written.get("percentage")
