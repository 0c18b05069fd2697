"""Who is asking: what a definition says about it, ready for the edge."""

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

__all__ = ["Identity", "KeySource", "trusts"]


class KeySource(StrEnum):
    """Where a targeting key may come from; the first that is present wins."""

    IDENTIFIED = "identified"
    HEADER = "header"
    ANONYMOUS_COOKIE = "anonymous_cookie"


@dataclass(frozen=True, slots=True)
class Identity:
    """How the edge learns the targeting key of a request, and whom it believes."""

    sources: tuple[KeySource, ...] = (KeySource.IDENTIFIED, KeySource.ANONYMOUS_COOKIE)
    header: str | None = None
    """Lower-case name of the header that carries a targeting key."""
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    trust_unix: bool = False
    cookie_name: str = "reliakit_id"
    cookie_keys: tuple[str, ...] = ()
    """Signing keys, newest first; all verify, the first signs. Empty: a key of this host's own."""
    cookie_seconds: int = 365 * 86_400
    override_keys: tuple[str, ...] = ()
    """Keys that sign overrides by header or cookie, newest first."""
    unsigned_overrides: bool = False


def trusts(identity: Identity, peer: str | None) -> bool:
    """Tells whether headers of the direct peer at the address `peer` are believed; None is a unix socket."""
    if not identity.trusted_proxies and not identity.trust_unix:
        return False
    if not peer:
        return identity.trust_unix
    try:
        address = _plain(ip_address(peer))
    except ValueError:
        return False
    return any(address in network for network in identity.trusted_proxies)


def _plain(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
