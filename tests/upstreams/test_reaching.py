"""How upstreams are reached: TLS with all that proves who is who, and unix sockets; over each transport."""

import asyncio
import inspect
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from reliakit.testing.upstream_clients import Reply, Request, ask_asgi, ask_wsgi
from reliakit.testing.upstream_ground import PLAIN
from reliakit.testing.upstream_server import RawUpstream, answering
from reliakit.upstreams.address import TLS, Address, address_of
from reliakit.upstreams.errors import ConnectFailed, Unanswered
from reliakit.upstreams.opening import Kind, open_transport, open_wsgi_transport
from reliakit.upstreams.settings import Settings

Ask = Callable[[Address], Reply]
_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
_QUICK = Settings(connect=5.0, read=5.0)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def files(authority: trustme.CA, tmp_path: Path) -> Path:
    """The authority's certificate, and ours with its key."""
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    authority.issue_cert("gateway@shop.test").private_key_and_cert_chain_pem.write_to_path(
        tmp_path / "ours.pem"
    )
    return tmp_path


@pytest.fixture
def upstream(authority: trustme.CA) -> Iterator[Callable[..., RawUpstream]]:
    made: list[RawUpstream] = []

    def start(name: str = "localhost", *, clients: bool = False, tls: bool = True, path: str | None = None) -> RawUpstream:  # fmt: skip
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if tls else None
        if context is not None:
            authority.issue_cert(name).configure_cert(context)
            context.sni_callback = lambda _, asked, __: names.append(asked)
        if context is not None and clients:
            authority.configure_trust(context)
            context.verify_mode = ssl.CERT_REQUIRED
        server = RawUpstream(context, path)
        server.script(answering(*[_OK] * 10))
        made.append(server)
        return server

    names = start.names = []  # type: ignore[attr-defined]
    yield start
    for each in made:
        each.close()


@pytest.fixture(params=["http1", "aiohttp", "urllib3"])
def ask(request: pytest.FixtureRequest) -> Ask:
    kind: Kind = request.param

    async def asked(address: Address) -> Reply:
        if kind == "urllib3":  # type: ignore[comparison-overlap]
            sync = open_wsgi_transport(address, _QUICK, PLAIN)
            reply = await ask_wsgi(sync, Request())
            sync.close()
            return reply
        transport = open_transport(address, _QUICK, PLAIN, kind)
        replies = [await ask_asgi(transport, Request()) for _ in range(2)]
        closing: Any = transport.close()
        if inspect.isawaitable(closing):
            await closing
        assert replies[0].body == replies[1].body
        return replies[0]

    return lambda address: asyncio.run(asked(address))


def test_an_authority_of_ones_own(ask: Ask, upstream: Any, files: Path):
    """Otherwise upstreams with a company's certificates could not be reached, or only unverified."""
    reply = ask(address_of(upstream().url, TLS(authorities=files / "authority.pem")))
    assert (reply.body, reply.failed) == (b"ok", None)
    assert set(upstream.names) == {"localhost"}


def test_strangers_are_refused_unless_that_is_switched_off(ask: Ask, upstream: Any):
    """Otherwise anybody on the network could be the upstream."""
    server = upstream()
    failed = ask(address_of(server.url)).failed
    assert isinstance(failed, ConnectFailed)
    assert not failed.acted
    assert server.seen == []
    server.failed.clear()
    assert ask(address_of(server.url, TLS(verify=False))).body == b"ok"


def test_a_certificate_for_another_name_is_refused(ask: Ask, upstream: Any, files: Path):
    """Otherwise whoever has a certificate of the same authority could be the upstream."""
    server = upstream("shop.internal")
    trusting = TLS(authorities=files / "authority.pem")
    assert isinstance(ask(address_of(server.url, trusting)).failed, ConnectFailed)
    server.failed.clear()
    named = TLS(authorities=files / "authority.pem", server_name="shop.internal")
    assert ask(address_of(server.url, named)).body == b"ok"
    assert upstream.names[-1] == "shop.internal"


def test_our_certificate_is_shown(ask: Ask, upstream: Any, files: Path):
    """Otherwise an upstream that asks who we are could not be reached."""
    server = upstream(clients=True)
    shown = TLS(authorities=files / "authority.pem", certificate=files / "ours.pem")
    assert ask(address_of(server.url, shown)).body == b"ok"
    without = TLS(authorities=files / "authority.pem")
    failed = ask(address_of(server.url, without)).failed
    assert isinstance(failed, Unanswered)
    server.failed.clear()


def test_an_upstream_that_speaks_no_tls_has_failed(ask: Ask, upstream: Any, files: Path):
    """Otherwise a plain upstream behind https would hang, or be spoken to in the clear."""
    server = upstream(tls=False)
    server.script(lambda peer: peer.send(b"what?\r\n\r\n"))
    trusting = TLS(authorities=files / "authority.pem")
    failed = ask(address_of(server.url.replace("http:", "https:"), trusting)).failed
    assert isinstance(failed, ConnectFailed)


def test_unix_sockets(ask: Ask, upstream: Any, tmp_path: Path):
    """Otherwise an upstream on the same host would need a port."""
    server = upstream(tls=False, path=str(tmp_path / "app.sock"))
    assert ask(address_of(server.url)).body == b"ok"
    assert server.seen[0].values(b"host") == [b"shop.test"]
    assert isinstance(ask(address_of(f"unix:{tmp_path}/none.sock")).failed, ConnectFailed)


@pytest.mark.parametrize(
    "url",
    ["shop:8000", "ftp://shop", "http://shop/path", "http://u:p@shop", "http://shop?q", "unix:relative", "http://", "https://shop#x"],
)  # fmt: skip
def test_what_names_no_endpoint_is_refused(url: str):
    """Otherwise a typing error would show as a failed connection, or be ignored."""
    with pytest.raises(ValueError, match="expected"):
        address_of(url)


def test_addresses_are_named_for_people():
    """Otherwise a message could not say which endpoint failed."""
    urls = ["http://10.0.1.5:8000", "https://[::1]", "unix:/run/a%20b.sock", "http://shop"]
    assert [address_of(url).name for url in urls] == [
        "10.0.1.5:8000",
        "[::1]:443",
        "/run/a b.sock",
        "shop:80",
    ]
    with pytest.raises(ValueError, match="https"):
        address_of("http://shop", TLS())
