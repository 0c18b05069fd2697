"""What to look at when a PostgreSQL database can't be used, by the codes that the server and the driver give."""

__all__ = ["explained", "passing"]

_PASSING = ("40001", "40P01")
_TOO_LITTLE = "42501"
_HINTS = {
    "25006": "it is read-only: name the primary, or several hosts and target_session_attrs=read-write",
    "28": "check user and password in the URL, and the server's pg_hba.conf",
    "3D": "create the database, or mend its name in the URL",
    "53300": "the server is out of connections: each worker needs two; raise max_connections or use PgBouncer",
    "53": "the server is out of disk or memory",
    "55P03": "another session holds a lock for too long: look at pg_stat_activity",
    "57P": "the server is stopping or starting",
    "": "check that the server runs and can be reached from here",
}
"""By the first characters of a code, the longest that fits; the empty one is for failures to reach the server."""


def passing(error: Exception) -> bool:
    """Tells whether the server has undone all of a statement because of what others did at the same time."""
    return getattr(error, "sqlstate", None) in _PASSING


def explained(error: Exception, privileges: str) -> str:
    """Returns what a driver's error says, in one line, and what to look at.

    Args:
        error: what the driver raised.
        privileges: what to do where its user lacks some.
    """
    code = getattr(error, "sqlstate", None) or ""
    said = "no answer in time" if isinstance(error, TimeoutError) else " ".join(str(error).split())
    known = {**_HINTS, _TOO_LITTLE: privileges}
    hints = (known[code[:length]] for length in (5, 3, 2) if code[:length] in known)
    hint = next(hints, None if code else _HINTS[""])
    return f"{said}; {hint}" if hint else said
