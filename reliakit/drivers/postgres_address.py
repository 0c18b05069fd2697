"""The URL of a PostgreSQL database, and what of it may be shown."""

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit

from reliakit.drivers.several_hosts import split
from reliakit.errors import UsageError

__all__ = ["Address", "address"]

_TRUE = ("1", "true", "on", "yes")
_HOST = r"(?:\[[0-9a-fA-F:.%]+\]|[^@:,\[\]]*)(?::\d*)?"
_HOSTS = re.compile(rf"(?:[^@:]*(?::[^@:]*)?@)?{_HOST}(?:,{_HOST})*")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a database is.

    Attributes:
        url: what the driver is given; without what it doesn't know.
        shown: host and database, for people.
        pgbouncer: whether the URL says that a pooler is in between that changes servers at each transaction.
        secrets: passwords in it, as written and as meant.
    """

    url: str
    shown: str
    pgbouncer: bool
    secrets: tuple[str, ...]

    def without_secrets(self, text: str) -> str:
        """Returns a driver's message as it may be shown."""
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return text


def address(url: str) -> Address:
    """Reads a URL such as `postgresql://user:password@host:5432/database?sslmode=require`.

    `pgbouncer=true` among its parameters is ours; all others are libpq's.

    Raises:
        UsageError: it is none.
    """
    try:
        parts = split(url)
        parameters = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError:
        parts, parameters = urlsplit(""), []
    if not _plausible(
        parts
    ):  # the text stays out of the message, since parts of a password may be anywhere in it
        raise UsageError(
            "the URL of a PostgreSQL database looks like postgresql://user:password@host:5432/database; in a password, "
            "characters such as @ : / ? # % have to be percent-encoded"
        )
    known = dict(parameters)
    theirs = urlencode(
        [(key, value) for key, value in parameters if key != "pgbouncer"], quote_via=quote, safe="/:,"
    )
    return Address(
        url=f"postgresql://{parts.netloc}{parts.path}" + (f"?{theirs}" if theirs else ""),
        shown=_shown(parts.netloc, parts.path, known),
        pgbouncer=known.get("pgbouncer", "").lower() in _TRUE,
        secrets=_secrets(parts.netloc, known),
    )


def _plausible(parts: SplitResult) -> bool:
    """Tells whether the parts are where they seem to be, and none of them is the rest of a password."""
    return (
        parts.scheme in ("postgresql", "postgres")
        and _HOSTS.fullmatch(parts.netloc) is not None
        and "@" not in parts.path
        and not parts.fragment
    )


def _shown(netloc: str, path: str, known: dict[str, str]) -> str:
    hosts = netloc.rpartition("@")[2] or known.get("host", "localhost")
    return f"postgresql://{hosts}/{path.strip('/') or known.get('dbname', '')}"


def _secrets(netloc: str, known: dict[str, str]) -> tuple[str, ...]:
    written = netloc.rpartition("@")[0].partition(":")[2]
    found = {written, unquote(written), known.get("password", ""), known.get("sslpassword", "")} - {""}
    return tuple(sorted(found, key=len, reverse=True))
