"""What an upstream is told of the client and of the way that a request took. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address

from reliakit.core.identity import Identity, trusts
from reliakit.upstreams.protocol import Headers, Scope

__all__ = ["Forwarding"]

_SECURE = frozenset({"https", "wss"})
_LONGEST, _MOST = 128, 1024
"""Bytes of a host, and entries, that are remembered: clients choose both."""
_OURS = frozenset({b"via", b"forwarded", b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host"})


@dataclass(frozen=True, slots=True)
class Forwarding:
    """Which of `Via`, `X-Forwarded-For`, `-Proto`, `-Host` and `Forwarded` (RFC 7239) a hop writes, and whom it believes.

    From a peer that is trusted, what it says stays, and the peer itself is added to it. What anybody else says of
    where a request came from (`X-Forwarded-*`, `Forwarded`, `X-Real-IP`) is dropped first, since upstreams believe
    us.
    """

    identity: Identity = field(default_factory=Identity)
    """Whose `trusted_proxies` and `trust_unix` say who is believed."""
    name: bytes = b"reliakit"
    """Ours, in `Via`."""
    via: bool = True
    x_forwarded: bool = True
    forwarded: bool = True
    _nobody: bool = field(init=False)
    _known: dict[tuple[str | None, str, bytes, str], Headers] = field(
        init=False, default_factory=dict, compare=False
    )
    """What was told of clients that said nothing themselves."""

    def __post_init__(self) -> None:
        nobody = not self.identity.trusted_proxies and not self.identity.trust_unix
        object.__setattr__(self, "_nobody", nobody)

    def believes(self, peer: str | None) -> bool:
        """Tells whether what the direct peer says of a request's origin is kept; None is a unix socket."""
        return not self._nobody and trusts(self.identity, peer)

    def told(self, scope: Scope, said: Headers, host: bytes) -> Headers:
        """Returns the headers that say where a request came from; they are not to be changed.

        Args:
            scope: of ASGI.
            said: what the request itself says of that; its host is not among it.
            host: of the request; empty where there is none.
        """
        client = scope.get("client")
        peer = client[0] if client else None
        if said or len(host) > _LONGEST:
            return self._told(scope, said, host, peer)
        key = (peer, scope.get("scheme", ""), host, scope.get("http_version", ""))
        told = self._known.get(key)
        if told is None:
            if len(self._known) >= _MOST:
                self._known.clear()
            told = self._known[key] = self._told(scope, said, host, peer)
        return told

    def _told(self, scope: Scope, said: Headers, host: bytes, peer: str | None) -> Headers:
        vias = [value for name, value in said if name == b"via"] if said else []
        kept = said if said and self.believes(peer) else []
        proto = b"https" if scope.get("scheme") in _SECURE else b"http"
        told = [pair for pair in kept if pair[0] not in _OURS]
        if self.x_forwarded:
            told += _x_forwarded(kept, (peer or "unix").encode("latin-1"), proto, host)
        elif kept:
            told += [pair for pair in kept if pair[0].startswith(b"x-forwarded-") and pair[0] in _OURS]
        told += self._standard(kept, peer, proto, host)
        if self.via:
            vias = [*vias, _version(scope) + b" " + self.name]
        if vias:
            told.append((b"via", b", ".join(vias)))
        return told

    def _standard(self, kept: Headers, peer: str | None, proto: bytes, host: bytes) -> Headers:
        earlier = _values(kept, b"forwarded") if kept else []
        if self.forwarded:
            earlier = [*earlier, b"for=%b;host=%b;proto=%b" % (_node(peer), _quoted(host), proto)]
        return [(b"forwarded", b", ".join(earlier))] if earlier else []


def _x_forwarded(kept: Headers, peer: bytes, proto: bytes, host: bytes) -> Headers:
    if not kept:
        added = [(b"x-forwarded-for", peer), (b"x-forwarded-proto", proto)]
        return [*added, (b"x-forwarded-host", host)] if host else added
    protos, hosts = _values(kept, b"x-forwarded-proto"), _values(kept, b"x-forwarded-host")
    hosts = hosts or ([host] if host else [])
    return [
        (b"x-forwarded-for", b", ".join([*_values(kept, b"x-forwarded-for"), peer])),
        (b"x-forwarded-proto", b", ".join(protos or [proto])),
        *([(b"x-forwarded-host", b", ".join(hosts))] if hosts else []),
    ]


def _values(headers: Sequence[tuple[bytes, bytes]], wanted: bytes) -> list[bytes]:
    return [value for name, value in headers if name == wanted]


def _version(scope: Scope) -> bytes:
    version = scope.get("http_version") or "1.1"
    return version.encode("latin-1") if "." in version else f"{version}.0".encode("latin-1")


def _node(peer: str | None) -> bytes:
    """Returns a peer as RFC 7239 writes it: IPv6 in brackets and quotes, what is no address as unknown."""
    if peer is None:
        return b"unknown"
    if ":" not in peer:
        return peer.encode("latin-1") if peer.replace(".", "").isdigit() else b"unknown"
    try:
        return b'"[%b]"' % str(ip_address(peer)).encode("latin-1")
    except ValueError:
        return b"unknown"


def _quoted(value: bytes) -> bytes:
    """Returns a value as it is, or quoted where a token may not hold it, as a port's colon."""
    if value.translate(None, b':[]()<>@,;\\"/?={} \t') == value and value:
        return value
    return b'"%b"' % value.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
