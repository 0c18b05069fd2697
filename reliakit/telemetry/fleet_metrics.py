"""What the endpoint and `reliakit metrics` tell of all workers together: this table is all there is.

The names differ from those that a worker exports of itself, so that no sum ever counts a request twice.
"""

from dataclasses import dataclass
from typing import Literal

__all__ = [
    "BUDGET",
    "DURATION",
    "EVALUATIONS",
    "EVIDENCE",
    "FLEET",
    "INFO",
    "JOURNAL",
    "LAST_REPORT",
    "PHASE",
    "REPORTS",
    "REQUESTS",
    "THRESHOLD",
    "WEIGHT",
    "WORKERS",
    "FleetMetric",
]

Type = Literal["counter", "gauge", "histogram", "info"]


@dataclass(frozen=True, slots=True)
class FleetMetric:
    """One family of OpenMetrics.

    Attributes:
        name: without the suffixes of samples.
        type: as OpenMetrics has it.
        help: for people.
        labels: of each sample, beside `le`.
        unit: with which the name ends; empty for none.
    """

    name: str
    type: Type
    help: str
    labels: tuple[str, ...] = ()
    unit: str = ""

    @property
    def samples(self) -> tuple[str, ...]:
        """The names of its samples, by which they are asked for."""
        suffixes = {"counter": ("_total",), "info": ("_info",), "histogram": ("_bucket", "_count", "_sum")}
        return tuple(f"{self.name}{suffix}" for suffix in suffixes.get(self.type, ("",)))


_PLACE = ("rollout", "slot", "assignment")
_TEST = ("rollout", "metric", "test")

INFO = FleetMetric("reliakit_fleet", "info", "Who shares the store: process, host or fleet.", ("scope",))
WORKERS = FleetMetric("reliakit_fleet_workers", "gauge", "Workers that have reported within 15 seconds.")
LAST_REPORT = FleetMetric(
    "reliakit_fleet_last_report_age_seconds",
    "gauge",
    "Time since any worker last reported.",
    unit="seconds",
)
JOURNAL = FleetMetric("reliakit_fleet_journal_entries", "counter", "Entries of the journal, pruned ones too.")
REQUESTS = FleetMetric(
    "reliakit_fleet_requests", "counter", "Finished requests of rollouts.", (*_PLACE, "outcome")
)
DURATION = FleetMetric(
    "reliakit_fleet_request_duration_seconds",
    "histogram",
    "Durations of requests of rollouts.",
    _PLACE,
    "seconds",
)
REPORTS = FleetMetric(
    "reliakit_fleet_metric_reports",
    "counter",
    "Requests that reported a business metric.",
    ("rollout", "slot", "metric"),
)
EVALUATIONS = FleetMetric(
    "reliakit_fleet_flag_evaluations", "counter", "Flag evaluations.", ("flag", "variant", "reason")
)
WEIGHT = FleetMetric(
    "reliakit_fleet_rollout_weight_percent",
    "gauge",
    "The share of requests that goes to a slot.",
    ("rollout", "slot"),
    "percent",
)
PHASE = FleetMetric(
    "reliakit_fleet_rollout_phase",
    "gauge",
    "1 for the phase that a rollout's last release is in, 0 for all others.",
    ("rollout", "phase"),
)
EVIDENCE = FleetMetric(
    "reliakit_fleet_rollout_evidence", "gauge", "The logarithm of E, for each test of a release.", _TEST
)
THRESHOLD = FleetMetric(
    "reliakit_fleet_rollout_evidence_threshold", "gauge", "The logarithm of E at which a test decides.", _TEST
)
BUDGET = FleetMetric(
    "reliakit_fleet_error_budget_ratio",
    "gauge",
    "The share of a rollout's error budget that is left; below 0 where it is overdrawn.",
    ("rollout",),
    "ratio",
)

FLEET = (
    INFO,
    WORKERS,
    LAST_REPORT,
    JOURNAL,
    REQUESTS,
    DURATION,
    REPORTS,
    EVALUATIONS,
    WEIGHT,
    PHASE,
    EVIDENCE,
    THRESHOLD,
    BUDGET,
)
