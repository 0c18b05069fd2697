"""From what a user writes, a path or a URL, to a source. Drivers are imported when one of theirs is opened."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import unquote

from reliakit.errors import UsageError
from reliakit.sources.file import FileSource
from reliakit.sources.protocol import Source

__all__ = ["GROUP", "open_source"]

GROUP = "reliakit.sources"
"""The group of entry points that other distributions add schemes by: scheme -> callable(url, environ) -> Source."""

_REDIS = ("redis", "rediss", "unix", "redis+sentinel", "redis+cluster")
_TOKEN, _BASIC = "RELIAKIT_SOURCE_TOKEN", "RELIAKIT_SOURCE_BASIC"

_Opener = Callable[[str, Mapping[str, str]], Source]


def open_source(where: str | os.PathLike[str], environ: Mapping[str, str]) -> Source:
    """Returns the source at a path or URL; nothing is read yet.

    Args:
        where: a path; `file://…`, `https://…`, `redis://…#key`, `postgresql://…#table`, or a URL of a scheme that
            an installed distribution has added.
        environ: RELIAKIT_SOURCE_TOKEN is sent to an HTTP server as a bearer token, RELIAKIT_SOURCE_BASIC as
            `user:password`.

    Raises:
        UsageError: the URL can't be used; the message does not repeat it, since it may hold a password.
        MissingExtraError: the driver is not installed.
    """
    scheme, colon, rest = where.partition("://") if isinstance(where, str) else ("", "", "")
    if not colon:
        return FileSource(Path(where))
    if scheme == "file":
        return FileSource(Path(unquote(rest)))
    opener = _built_in(scheme) or _added(scheme)
    return opener(str(where), environ)


def _built_in(scheme: str) -> _Opener | None:
    if scheme in ("http", "https"):
        return _http
    if scheme in _REDIS:
        return _redis
    return _postgres if scheme in ("postgresql", "postgres") else None


def _http(url: str, environ: Mapping[str, str]) -> Source:
    from reliakit.sources.http import HttpSource

    user, _, password = environ.get(_BASIC, "").partition(":")
    return HttpSource(url, token=environ.get(_TOKEN) or None, basic_auth=(user, password) if user else None)


def _redis(url: str, environ: Mapping[str, str]) -> Source:
    from reliakit.sources.redis import RedisSource

    return RedisSource(*_parts(url))


def _postgres(url: str, environ: Mapping[str, str]) -> Source:
    from reliakit.sources.postgres import PostgresSource

    return PostgresSource(*_parts(url))


def _parts(url: str) -> tuple[str, ...]:
    """Returns the URL of the server and, where there is one, what stands behind the `#`."""
    server, _, part = url.partition("#")
    if "@" in part:  # so the first # was one of a password
        raise UsageError(
            "the URL of a source can't be used; in a password, write # as %23; in a key, @ as %40"
        )
    return (server, unquote(part)) if part else (server,)


def _added(scheme: str) -> _Opener:
    from importlib.metadata import entry_points

    found = {each.name: each for each in entry_points(group=GROUP)}
    if scheme not in found:
        known = ["file", "https", "redis", "postgresql", *sorted(found)]
        raise UsageError(
            f"there is no source {scheme!r}; known are {', '.join(f'{each}://' for each in known)}"
        )
    try:
        opener: _Opener = found[scheme].load()
    except Exception as fault:
        raise UsageError(
            f"the source of {scheme}:// can't be imported from {found[scheme].value}: {fault!r}"
        ) from fault
    return opener
