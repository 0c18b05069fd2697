"""Whose headers are believed."""

from ipaddress import ip_network

import pytest

from reliakit.core.identity import Identity, trusts

_PROXIES = Identity(
    trusted_proxies=(ip_network("10.0.0.0/8"), ip_network("2001:db8::/32"), ip_network("127.0.0.1"))
)


@pytest.mark.parametrize(
    "peer", ["10.1.2.3", "10.255.255.255", "::ffff:10.1.2.3", "::FFFF:a01:203", "2001:db8::1", "127.0.0.1"]
)
def test_a_listed_proxy_is_believed(peer):
    """Otherwise nobody behind the proxy is recognised; a dual-stack socket shows IPv4 peers as IPv6."""
    assert trusts(_PROXIES, peer)


@pytest.mark.parametrize(
    "peer",
    [
        *(
            "11.0.0.1",
            "::ffff:11.0.0.1",
            "2001:db9::1",
            "::1",
            "127.0.0.2",
            "::10.1.2.3",
            "10.1.2.3:80",
            "10.1.2",
            "0",
        ),
        *(
            "010.1.2.3",
            " 10.1.2.3",
            "10.1.2.3\n",
            "10.1.2.3, 10.1.2.4",
            "localhost",
            "unix:",
            "testclient",
            "\ud800",
        ),
        *("", None, "[2001:db8::1]", "\u0661\u0660.1.2.3"),
    ],
)
def test_anybody_else_is_not(peer):
    """Otherwise a stranger's forged header decides who he is."""
    assert not trusts(_PROXIES, peer)


def test_nobody_is_believed_unless_somebody_is_listed():
    """Otherwise a fresh install can be lied to."""
    assert not any(trusts(Identity(), peer) for peer in ("127.0.0.1", "::1", "10.0.0.1", "", None))


def test_a_unix_socket_is_believed_only_where_it_is_listed():
    """Otherwise a service behind nginx on a socket can't see its users, or one without it can be lied to."""
    local = Identity(trust_unix=True)
    assert trusts(local, None)
    assert trusts(local, "")
    assert not trusts(local, "10.1.2.3")
    assert not trusts(local, "garbage")
    assert not trusts(_PROXIES, None)
