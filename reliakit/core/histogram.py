"""One fine duration histogram that serves two readers exactly.

The analysis of a release wants a fixed log histogram (each bin 4 % wider than the one before, 1 us to 100 s);
OpenTelemetry's readers want the boundaries of its HTTP metrics. Cutting time at the union of both sets of edges
lets one increment serve both: every fine bin lies inside exactly one bin of each. An upper edge belongs to its
bin, as OpenTelemetry has it.
"""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate, compress

__all__ = [
    "BINS",
    "EDGES",
    "GAMMA",
    "HTTP_BOUNDARIES",
    "LOG_EDGES",
    "bin_of",
    "http_buckets",
    "log_bins",
    "quantile",
]

GAMMA = 1.04
HTTP_BOUNDARIES = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
"""Seconds; OpenTelemetry semantic conventions, http.server.request.duration."""

_LOWEST, _HIGHEST = 1e-6, 100.0


def _log_edges() -> tuple[float, ...]:
    edges = [_LOWEST]
    while edges[-1] < _HIGHEST:
        edges.append(_LOWEST * GAMMA ** len(edges))
    return tuple(edges)


LOG_EDGES = _log_edges()
"""Seconds; upper edges of the log histogram, whose last bin has no upper edge."""

EDGES = tuple(sorted({*LOG_EDGES, *HTTP_BOUNDARIES}))
BINS = len(EDGES) + 1
_TO_LOG = (*tuple(bisect_left(LOG_EDGES, edge) for edge in EDGES), len(LOG_EDGES))
_TO_HTTP = (*tuple(bisect_left(HTTP_BOUNDARIES, edge) for edge in EDGES), len(HTTP_BOUNDARIES))


def bin_of(seconds: float) -> int:
    """Returns the fine bin of a duration, 0 <= bin < BINS."""
    return bisect_left(EDGES, seconds)


def _fold(bins: Sequence[int], into: Sequence[int], size: int) -> list[int]:
    folded = [0] * size
    for index in compress(range(len(bins)), bins):  # most are empty
        folded[into[index]] += bins[index]
    return folded


def http_buckets(bins: Sequence[int]) -> list[int]:
    """Folds fine bins into OpenTelemetry's buckets: one count for each boundary and one beyond the last."""
    return _fold(bins, _TO_HTTP, len(HTTP_BOUNDARIES) + 1)


def log_bins(bins: Sequence[int]) -> list[int]:
    """Folds fine bins into the log histogram: one count for each of LOG_EDGES and one beyond the last."""
    return _fold(bins, _TO_LOG, len(LOG_EDGES) + 1)


def quantile(bins: Sequence[int], share: float) -> float | None:
    """Returns the duration below which `share` (0 to 1) of the recorded ones lie, in seconds, within 4 %.

    None where nothing was recorded. It is the upper edge of the bin in which the quantile falls.
    """
    cumulative = list(accumulate(bins))
    if not cumulative or not cumulative[-1]:
        return None
    index = bisect_left(cumulative, max(1, share * cumulative[-1]))
    return EDGES[min(index, len(EDGES) - 1)]
