"""Tests of what upstreams are told of the client, and by whom."""

from ipaddress import ip_network

from reliakit.core.identity import Identity
from reliakit.testing.upstream_clients import Request
from reliakit.testing.upstream_ground import Hop, UpstreamGround, hop
from reliakit.upstreams.forwarding import Forwarding

__all__ = ["ForwardingContract"]

_CLAIMS = [
    (b"x-forwarded-for", b"192.0.2.1"),
    (b"x-forwarded-proto", b"https"),
    (b"x-forwarded-host", b"public.test"),
    (b"x-forwarded-port", b"443"),
    (b"x-real-ip", b"192.0.2.1"),
    (b"forwarded", b"for=192.0.2.1;proto=https"),
    (b"via", b"1.1 edge"),
]
_TRUSTING = Forwarding(Identity(trusted_proxies=(ip_network("203.0.113.0/24"),)))


class ForwardingContract(UpstreamGround):
    """`Via`, `X-Forwarded-*` and `Forwarded`."""

    @hop(forwarding=Forwarding())
    async def test_upstreams_are_told_of_the_client(self, hop: Hop) -> None:
        """Otherwise they would log our address, and build links that lead nowhere."""
        await hop.ask(Request(scheme="https"))
        assert sorted(hop.seen[0].headers) == [
            (b"forwarded", b"for=203.0.113.7;host=shop.test;proto=https"),
            (b"host", b"shop.test"),
            (b"via", b"1.1 reliakit"),
            (b"x-forwarded-for", b"203.0.113.7"),
            (b"x-forwarded-host", b"shop.test"),
            (b"x-forwarded-proto", b"https"),
        ]

    @hop(forwarding=Forwarding())
    async def test_nobody_may_claim_to_be_somebody_else(self, hop: Hop) -> None:
        """Otherwise a client could choose the address by which it is limited, or let in."""
        lookalikes = [(name.replace(b"-", b"_"), value) for name, value in _CLAIMS if b"-" in name]
        await hop.ask(Request(headers=[*_CLAIMS, *lookalikes]))
        assert sorted(hop.seen[0].headers) == [
            (b"forwarded", b"for=203.0.113.7;host=shop.test;proto=http"),
            (b"host", b"shop.test"),
            (b"via", b"1.1 edge, 1.1 reliakit"),
            (b"x-forwarded-for", b"203.0.113.7"),
            (b"x-forwarded-host", b"shop.test"),
            (b"x-forwarded-proto", b"http"),
        ]

    @hop(forwarding=_TRUSTING)
    async def test_a_trusted_proxy_is_believed_and_added(self, hop: Hop) -> None:
        """Otherwise everybody would seem to come from the load balancer."""
        await hop.ask(Request(headers=_CLAIMS))
        assert sorted(hop.seen[0].headers) == [
            (b"forwarded", b"for=192.0.2.1;proto=https, for=203.0.113.7;host=shop.test;proto=http"),
            (b"host", b"shop.test"),
            (b"via", b"1.1 edge, 1.1 reliakit"),
            (b"x-forwarded-for", b"192.0.2.1, 203.0.113.7"),
            (b"x-forwarded-host", b"public.test"),
            (b"x-forwarded-port", b"443"),
            (b"x-forwarded-proto", b"https"),
            (b"x-real-ip", b"192.0.2.1"),
        ]

    @hop(forwarding=Forwarding())
    async def test_odd_peers_and_hosts_are_written_as_the_standard_says(self, hop: Hop) -> None:
        """Otherwise readers of `Forwarded` would stumble over an IPv6 address or a port."""
        for client, host, expected in (
            (("2001:db8::1", 1), b"shop.test:8443", b'for="[2001:db8::1]";host="shop.test:8443";proto=http'),
            (None, b'a"b', b'for=unknown;host="a\\"b";proto=http'),
            (("testclient", 1), b"", b'for=unknown;host="";proto=http'),
        ):
            hop.seen.clear()
            await hop.ask(Request(client=client, host=host, version="1.1" if host else "1.0"))
            assert hop.seen[0].values(b"forwarded") == [expected]
            assert hop.seen[0].values(b"host") == [host]

    @hop(forwarding=Forwarding(via=False, x_forwarded=False, forwarded=False))
    async def test_all_of_it_can_be_left_out(self, hop: Hop) -> None:
        """Otherwise a hop could not be told from none."""
        await hop.ask(Request(headers=_CLAIMS))
        assert sorted(hop.seen[0].headers) == [(b"host", b"shop.test"), (b"via", b"1.1 edge")]
