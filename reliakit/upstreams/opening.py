"""From an address to a transport."""

from typing import Literal

from reliakit.upstreams.address import Address
from reliakit.upstreams.forwarding import Forwarding
from reliakit.upstreams.protocol import Transport, WSGITransport
from reliakit.upstreams.settings import Settings

__all__ = ["Kind", "open_transport", "open_wsgi_transport"]

Kind = Literal["http1", "aiohttp"]

_SETTINGS, _FORWARDING = Settings(), Forwarding()


def open_transport(
    address: Address,
    settings: Settings = _SETTINGS,
    forwarding: Forwarding = _FORWARDING,
    kind: Kind = "http1",
) -> Transport:
    """Returns a transport to an endpoint; nothing is connected yet.

    Args:
        address: where it is.
        settings: times and limits.
        forwarding: what is told of the client.
        kind: `http1` is ours, `aiohttp` goes through aiohttp's client.

    Raises:
        MissingExtraError: what it needs is not installed.
        OSError: a certificate can't be read.
    """
    if kind == "aiohttp":
        from reliakit.upstreams.aiohttp_transport import AiohttpTransport

        return AiohttpTransport(address, settings, forwarding)
    from reliakit.upstreams.http1.transport import HTTP1Transport

    return HTTP1Transport(address, settings, forwarding)


def open_wsgi_transport(
    address: Address, settings: Settings = _SETTINGS, forwarding: Forwarding = _FORWARDING
) -> WSGITransport:
    """Returns a transport for the WSGI side, through urllib3.

    Raises:
        MissingExtraError: urllib3 is not installed.
        OSError: a certificate can't be read.
    """
    from reliakit.upstreams.urllib3_transport import Urllib3Transport

    return Urllib3Transport(address, settings, forwarding)
