"""The metric of upstreams whose endpoints are replaced."""

from reliakit.telemetry.kinds import Kind, Metric

__all__ = ["ROLLING_EVENTS"]

ROLLING_EVENTS = Metric(
    "reliakit.rolling.events",
    Kind.COUNTER,
    "{event}",
    "Events of replacements that this worker has brought about, each counted by one worker.",
    ("reliakit.upstream.name", "reliakit.rolling.event"),
)
