"""Every metric that reliakit exports: this table is all there is, and the documents render it."""

from reliakit.telemetry.failover_metrics import FAILOVER
from reliakit.telemetry.kinds import Kind, Metric
from reliakit.telemetry.rolling_metrics import ROLLING_EVENTS

__all__ = [
    "ATTRIBUTE_MISSES",
    "DURATION",
    "DURATION_BUCKET",
    "DURATION_SUM",
    "ERRORS",
    "EVALUATIONS",
    "EVIDENCE",
    "FAILURES",
    "IGNORED",
    "IN_FLIGHT",
    "LE",
    "METRICS",
    "PHASE",
    "RELOAD_FAILURES",
    "REPORTS",
    "REQUESTS",
    "SNAPSHOT_AGE",
    "THRESHOLD",
    "TRANSITIONS",
    "UNKNOWN",
    "UPSTREAM_CHECKS",
    "UPSTREAM_COPIES",
    "UPSTREAM_EJECTIONS",
    "UPSTREAM_ENDPOINTS",
    "UPSTREAM_FAILURES",
    "UPSTREAM_REJECTIONS",
    "UPSTREAM_RETRIES",
    "WEIGHT",
    "Kind",
    "Metric",
]


LE = "le"
"""Seconds that the requests of a bucket took at most: named as Prometheus does, so that `histogram_quantile` reads
it without relabelling."""

_TEST = ("reliakit.rollout.name", "reliakit.metric.name", "reliakit.rollout.test")
_REQUEST = ("reliakit.rollout.name", "reliakit.slot", "reliakit.assignment")

EVALUATIONS = Metric(
    "reliakit.flag.evaluations",
    Kind.COUNTER,
    "{evaluation}",
    "Flag evaluations.",
    ("feature_flag.key", "feature_flag.result.variant", "feature_flag.result.reason", "error.type"),
)
UNKNOWN = Metric(
    "reliakit.flag.unknown",
    Kind.COUNTER,
    "{evaluation}",
    "Evaluations of flags that no definition has; keys beyond the first hundred are counted as `other`.",
    ("feature_flag.key",),
)
ATTRIBUTE_MISSES = Metric(
    "reliakit.flag.attribute.misses",
    Kind.COUNTER,
    "{miss}",
    "Attributes that a rule asked for and the evaluation context did not have, or had with another type.",
    ("feature_flag.key", "reliakit.attribute.name", "reliakit.attribute.problem"),
)
REQUESTS = Metric(
    "reliakit.requests",
    Kind.COUNTER,
    "{request}",
    "Finished requests of rollouts.",
    (*_REQUEST, "reliakit.outcome"),
)
ERRORS = Metric(
    "reliakit.request.errors",
    Kind.COUNTER,
    "{request}",
    "Finished requests of rollouts whose outcome is an error.",
    _REQUEST,
)
DURATION = Metric(
    "reliakit.request.duration",
    Kind.HISTOGRAM,
    "s",
    "Durations of requests of rollouts, where the reader was given to `with_histograms`.",
    _REQUEST,
)
DURATION_BUCKET = Metric(
    "reliakit.request.duration.bucket",
    Kind.COUNTER,
    "{request}",
    "Requests of rollouts that took at most `le` seconds; `+Inf` counts all of them.",
    (*_REQUEST, LE),
)
DURATION_SUM = Metric(
    "reliakit.request.duration.sum",
    Kind.COUNTER,
    "s",
    "Sum of the durations of requests of rollouts.",
    _REQUEST,
)
IN_FLIGHT = Metric(
    "reliakit.requests.in_flight",
    Kind.LEVEL,
    "{request}",
    "Requests of rollouts that have begun and not ended.",
)
REPORTS = Metric(
    "reliakit.metric.reports",
    Kind.COUNTER,
    "{request}",
    "Requests and calls that reported a business metric, once for each release that they took part in.",
    ("reliakit.rollout.name", "reliakit.slot", "reliakit.metric.name"),
)
IGNORED = Metric(
    "reliakit.metric.ignored",
    Kind.COUNTER,
    "{report}",
    "Reports of business metrics that are evidence about no release; beyond the first hundred names it is `other`.",
    ("reliakit.metric.name",),
)
WEIGHT = Metric(
    "reliakit.rollout.weight",
    Kind.GAUGE,
    "%",
    "The share of requests that goes to a slot, as this worker has it in force.",
    ("reliakit.rollout.name", "reliakit.slot"),
)
PHASE = Metric(
    "reliakit.rollout.phase",
    Kind.GAUGE,
    "{rollout}",
    "1 for the phase that a rollout's last release is in.",
    ("reliakit.rollout.name", "reliakit.rollout.phase"),
)
EVIDENCE = Metric(
    "reliakit.rollout.evidence",
    Kind.GAUGE,
    "{nat}",
    "The natural logarithm of E, for each test of a release; from the worker that decides, and no other.",
    _TEST,
)
THRESHOLD = Metric(
    "reliakit.rollout.evidence.threshold",
    Kind.GAUGE,
    "{nat}",
    "The natural logarithm of E at which the test decides; from the worker that decides, and no other.",
    _TEST,
)
TRANSITIONS = Metric(
    "reliakit.rollout.transitions",
    Kind.COUNTER,
    "{event}",
    "Events of rollouts that this worker has brought about, each counted by one worker.",
    ("reliakit.rollout.name", "reliakit.rollout.event"),
)
FAILURES = Metric(
    "reliakit.failures",
    Kind.COUNTER,
    "{failure}",
    "Decisions of reliakit that failed, so that the request went on as if reliakit were not there.",
    ("reliakit.decision",),
)
SNAPSHOT_AGE = Metric(
    "reliakit.snapshot.age",
    Kind.GAUGE,
    "s",
    "Time since the definitions were last read without a problem; the longest, where a process has several kits.",
)
RELOAD_FAILURES = Metric(
    "reliakit.reload.failures",
    Kind.COUNTER,
    "{reload}",
    "Loads of definitions that left something behind.",
)

_UPSTREAM = "reliakit.upstream.name"

UPSTREAM_ENDPOINTS = Metric(
    "reliakit.upstream.endpoints",
    Kind.GAUGE,
    "{endpoint}",
    "Endpoints of an upstream by what this worker knows of them.",
    (_UPSTREAM, "reliakit.upstream.status"),
)
UPSTREAM_CHECKS = Metric(
    "reliakit.upstream.checks",
    Kind.COUNTER,
    "{check}",
    "Health checks of endpoints.",
    (_UPSTREAM, "reliakit.upstream.result"),
)
UPSTREAM_FAILURES = Metric(
    "reliakit.upstream.failures",
    Kind.COUNTER,
    "{attempt}",
    "Attempts at an endpoint that got no answer, whether or not another one did.",
    (_UPSTREAM, "error.type"),
)
UPSTREAM_EJECTIONS = Metric(
    "reliakit.upstream.ejections",
    Kind.COUNTER,
    "{ejection}",
    "Endpoints that outlier detection has ejected.",
    (_UPSTREAM, "reliakit.upstream.detection"),
)
UPSTREAM_RETRIES = Metric(
    "reliakit.upstream.retries",
    Kind.COUNTER,
    "{attempt}",
    "Failed attempts by what came of them: another attempt, or why there was none.",
    (_UPSTREAM, "reliakit.upstream.ruling"),
)
UPSTREAM_REJECTIONS = Metric(
    "reliakit.upstream.rejections",
    Kind.COUNTER,
    "{request}",
    "Requests that were sent to no endpoint.",
    (_UPSTREAM, "reliakit.upstream.limit"),
)
UPSTREAM_COPIES = Metric(
    "reliakit.upstream.copies",
    Kind.COUNTER,
    "{request}",
    "Copies of an upstream's requests for its mirror.",
    (_UPSTREAM, "reliakit.upstream.copy"),
)

METRICS = (
    EVALUATIONS,
    UNKNOWN,
    ATTRIBUTE_MISSES,
    REQUESTS,
    ERRORS,
    DURATION,
    DURATION_BUCKET,
    DURATION_SUM,
    IN_FLIGHT,
    REPORTS,
    IGNORED,
    WEIGHT,
    PHASE,
    EVIDENCE,
    THRESHOLD,
    TRANSITIONS,
    FAILURES,
    SNAPSHOT_AGE,
    RELOAD_FAILURES,
    UPSTREAM_ENDPOINTS,
    UPSTREAM_CHECKS,
    UPSTREAM_FAILURES,
    UPSTREAM_EJECTIONS,
    UPSTREAM_RETRIES,
    UPSTREAM_REJECTIONS,
    UPSTREAM_COPIES,
    *FAILOVER,
    ROLLING_EVENTS,
)
