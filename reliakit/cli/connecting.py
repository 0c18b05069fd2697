"""Tries whether anything listens at the endpoints of upstreams: a connection each, and nothing is said on it."""

import asyncio
from collections.abc import Iterator
from urllib.parse import urlsplit

from reliakit.definitions.models import Definitions
from reliakit.definitions.problems import Path, Problem
from reliakit.definitions.upstream_models import UpstreamSection

__all__ = ["connecting"]

_WITHIN = 5.0
_AT_ONCE = 32


def connecting(definitions: Definitions) -> list[Problem]:
    """Returns a warning for each endpoint at which no connection comes about now, from here."""
    return asyncio.run(_tried(list(_endpoints(definitions))))


def _endpoints(definitions: Definitions) -> Iterator[tuple[Path, str]]:
    for name, section in definitions.upstreams.items():
        if isinstance(section, UpstreamSection):
            for index, endpoint in enumerate(section.endpoints):
                yield ("upstreams", name, "endpoints", index, "url"), endpoint.url


async def _tried(endpoints: list[tuple[Path, str]]) -> list[Problem]:
    free = asyncio.Semaphore(_AT_ONCE)
    found = await asyncio.gather(*(_try(path, url, free) for path, url in endpoints))
    return [each for each in found if each is not None]


async def _try(path: Path, url: str, free: asyncio.Semaphore) -> Problem | None:
    try:
        async with free, asyncio.timeout(_WITHIN):
            await _connect(url)
    except TimeoutError:
        why = f"no connection came about within {_WITHIN:g} s"
    except OSError as failed:
        why = f"no connection comes about: {failed.strerror or failed}"
    else:
        return None
    hint = "it may be right elsewhere: this was tried from here, and now"
    return Problem(path, why, hint, severity="warning")


async def _connect(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme == "unix":
        _, writer = await asyncio.open_unix_connection(parts.path)
    else:
        _, writer = await asyncio.open_connection(
            parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
        )
    writer.close()
