"""What a metric is."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Kind", "Metric"]


class Kind(StrEnum):
    """What a metric is to its reader."""

    COUNTER = "counter"
    LEVEL = "level"
    """A gauge that adds up over the kits of a process."""
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric; its attributes are all that its points can ever have.

    No attribute holds anything that a client sent: flags, variants, rollouts and slots come from the definitions,
    the rest from fixed sets, and unknown flag keys are bounded where they are counted.
    """

    name: str
    kind: Kind
    unit: str
    """In UCUM, as OpenTelemetry wants it."""
    description: str
    attributes: tuple[str, ...] = ()
