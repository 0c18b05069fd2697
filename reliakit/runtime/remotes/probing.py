"""One health check of one endpoint, on a connection of its own.

A few lines over streams of asyncio, and no client's library: what checks have to work with is what a core install has.
"""

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from reliakit.failover.health import Result
from reliakit.upstreams.address import Address

__all__ = ["Asked", "probe"]

_LONGEST = 8 * 1024


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked by HTTP.

    Attributes:
        path: of the request.
        host: its Host header; the endpoint's own where there is none.
        expected: the status codes of who is well.
    """

    path: str
    host: str | None
    expected: frozenset[int]


async def probe(
    address: Address, asked: Asked | None, within: float, context: Callable[[], ssl.SSLContext | None]
) -> Result:
    """Returns how a check went; never raises, unless it is cancelled.

    Args:
        address: of the endpoint.
        asked: by HTTP; None to be content with a connection.
        within: seconds that it may take.
        context: returns that of TLS.
    """
    try:
        async with asyncio.timeout(within):
            return await _probed(address, asked, context() if asked else None)
    except (OSError, TimeoutError, EOFError, ValueError):
        return Result.SILENT


async def _probed(address: Address, asked: Asked | None, context: ssl.SSLContext | None) -> Result:
    reader, writer = await _connected(address, context)
    try:
        if asked is None:
            return Result.PASSED
        writer.write(_request(address, asked))
        head = await reader.readuntil(b"\r\n\r\n")
        return Result.PASSED if _status(head) in asked.expected else Result.REFUSED
    except asyncio.LimitOverrunError:
        return Result.REFUSED
    finally:
        writer.close()
        with suppress(OSError, TimeoutError):
            writer.transport.abort()


async def _connected(
    address: Address, context: ssl.SSLContext | None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    named = None
    if context is not None and address.tls is not None:
        named = address.tls.server_name or address.host or "localhost"
    if address.socket is not None:
        return await asyncio.open_unix_connection(
            address.socket, limit=_LONGEST, ssl=context, server_hostname=named
        )
    return await asyncio.open_connection(
        address.host, address.port, limit=_LONGEST, ssl=context, server_hostname=named
    )


def _request(address: Address, asked: Asked) -> bytes:
    host = asked.host or ("localhost" if address.socket else address.name)
    lines = (
        f"GET {asked.path} HTTP/1.1",
        f"Host: {host}",
        "User-Agent: reliakit-health",
        "Accept: */*",
        "Connection: close",
        "",
        "",
    )
    return "\r\n".join(lines).encode("ascii")


def _status(head: bytes) -> int:
    """Returns the status; 0 where it is none."""
    version, _, rest = head.partition(b" ")
    return int(rest[:3]) if version in (b"HTTP/1.1", b"HTTP/1.0") and rest[:3].isdigit() else 0
