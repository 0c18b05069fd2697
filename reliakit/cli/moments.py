"""Times as people read them."""

from datetime import UTC, datetime

__all__ = ["moment", "span"]

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


def moment(at: float) -> str:
    """Returns "2026-11-24 21:48:46Z": the same for whoever reads it, wherever they are."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%SZ}"


def span(seconds: float) -> str:
    """Returns "0.4 s", "45 s", "12 min", "7.8 h" or "3.2 d"."""
    seconds = max(0.0, seconds)
    if seconds < 2 * _MINUTE:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    for size, unit in ((_DAY, "d"), (_HOUR, "h")):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds / _MINUTE:.0f} min"
