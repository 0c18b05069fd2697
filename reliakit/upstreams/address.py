"""Where an endpoint is, as its URL says it."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

__all__ = ["TLS", "Address", "address_of"]

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class TLS:
    """How an upstream proves who it is, and we to it; always verified unless `verify` is off."""

    verify: bool = True
    authorities: Path | None = None
    """A file of CA certificates, instead of the system's."""
    certificate: Path | None = None
    """Ours, with its chain; the key beside it unless `key` has it."""
    key: Path | None = None
    server_name: str | None = None
    """What the upstream's certificate has to name, and what SNI asks for; its host unless given."""


@dataclass(frozen=True, slots=True)
class Address:
    """One endpoint: a host and port, or a unix socket."""

    host: str = ""
    port: int = 0
    socket: str | None = None
    """Path of a unix socket; host and port are empty then."""
    tls: TLS | None = None

    @property
    def name(self) -> str:
        """For people, and for telemetry: `10.0.1.5:8000`, or the path of a socket."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.socket or f"{host}:{self.port}"


def address_of(url: str, tls: TLS | None = None) -> Address:
    """Returns the address that a URL names: `http://host:port`, `https://host`, `unix:/run/app.sock`.

    Args:
        url: without a path, a query or a user: requests bring their own.
        tls: for https, and for unix sockets that speak TLS.

    Raises:
        ValueError: it names no endpoint; the message says what was expected.
    """
    parts = urlsplit(url)
    if parts.scheme == "unix" and parts.path.startswith("/") and not parts.netloc:
        return Address(socket=unquote(parts.path), tls=tls)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError("expected http://host:port, https://host:port or unix:/path/of.sock")
    if parts.path not in ("", "/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError(
            "expected no path, query or user in it: what a request asks for is passed on as it is"
        )
    if tls is not None and parts.scheme == "http":
        raise ValueError("expected https, since there are settings of TLS")
    secured = (tls or TLS()) if parts.scheme == "https" else None
    return Address(parts.hostname, parts.port or _PORTS[parts.scheme], tls=secured)
