"""Requests to the server of a source.

Each request has a connection of its own, since they are rare: nothing has to be closed at the end of a loop, or left
alone in a forked child.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reliakit.drivers.aiohttp_client import client, reason
from reliakit.sources.http_address import Address
from reliakit.sources.http_events import Events
from reliakit.sources.protocol import SourceError

if TYPE_CHECKING:
    import ssl

    from multidict import CIMultiDictProxy

    from reliakit.drivers.aiohttp_client import ClientResponse, ClientSession

__all__ = ["Answer", "Link"]

_REDIRECTS = (301, 302, 303, 307, 308)
_HOPS = 5
_PIECE = 1 << 16
_ACCEPTED = "application/yaml, application/json, application/toml, */*;q=0.5"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said.

    Attributes:
        url: where it was in the end.
        status: of HTTP.
        headers: by their names in small letters.
        body: empty where there is nothing new.
    """

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes


class Link:
    """How a server is asked.

    Args:
        address: where it is, and whom it may send us to.
        authorization: the header that says who we are; sent to nobody else.
        timeout: seconds that a request may take; and that opening a stream may.
        largest: bytes that a body may have.
        silence: seconds after which a silent stream counts as lost.
        proxy: whether the environment may name a proxy, and ~/.netrc passwords.
        tls: other certificates than those of the system.

    Raises:
        MissingExtraError: aiohttp is not installed.
    """

    def __init__(
        self,
        address: Address,
        authorization: str | None,
        *,
        timeout: float,
        largest: int,
        silence: float,
        proxy: bool,
        tls: "ssl.SSLContext | None",
    ) -> None:
        self._address, self._authorization = address, authorization
        self._timeout, self._largest, self._silence = timeout, largest, silence
        self._proxy, self._tls = proxy, tls
        self._aiohttp = client("definitions over HTTP")

    async def get(self, headers: Mapping[str, str]) -> Answer:
        """Asks for the document.

        Raises:
            SourceError: there was no answer that can be used.
        """
        async with self._explained(), asyncio.timeout(self._timeout), self._session() as session:
            response, url = await self._opened(session, self._address.url, {"Accept": _ACCEPTED, **headers})
            with closing(response):
                body = b"" if response.status == 304 else await self._body(response)
                return Answer(url, response.status, _joined(response.headers), body)

    async def events(self, url: str) -> AsyncGenerator[None, None]:
        """Yields when it has begun to listen to a stream, and after each event.

        Raises:
            SourceError: it could not begin, or the stream has ended.
        """
        async with self._explained(), self._session() as session:
            async with asyncio.timeout(self._timeout):
                response, _ = await self._opened(session, url, {"Accept": "text/event-stream"})
            with closing(response):
                if response.status != 200 or response.content_type != "text/event-stream":
                    raise SourceError(f"{self._address.name}: what it names in its Link offers no events")
                yield
                events = Events()
                async for piece in response.content.iter_any():
                    if events.feed(piece):
                        yield
                raise SourceError(f"{self._address.name}: its stream of events has ended")

    async def _opened(
        self, session: "ClientSession", url: str, headers: Mapping[str, str]
    ) -> "tuple[ClientResponse, str]":
        """Asks, and goes where it is sent."""
        for _ in range(_HOPS + 1):
            own = {"Authorization": self._authorization} if self._authorization else {}
            sent = {**headers, **(own if self._address.trusts(url) else {})}
            response = await session.get(self._exact(url), headers=sent, allow_redirects=False)
            if response.status not in _REDIRECTS:
                return response, url
            response.close()
            url = self._address.onward(url, response.headers.get("Location", ""))
        raise SourceError(f"{self._address.name}: more than {_HOPS} redirects")

    def _session(self) -> "ClientSession":
        made = self._aiohttp
        return made.ClientSession(  # type: ignore[no-any-return]
            connector=made.TCPConnector(ssl=self._tls or True, force_close=True),
            timeout=made.ClientTimeout(total=None, sock_connect=self._timeout, sock_read=self._silence),
            cookie_jar=made.DummyCookieJar(),
            auto_decompress=False,
            # A few bytes that unpack to gigabytes can't be limited by their number.
            headers={"Accept-Encoding": "identity", "User-Agent": "reliakit"},
            trust_env=self._proxy,
        )

    def _exact(self, url: str) -> Any:
        from yarl import URL

        return URL(url, encoded=True)  # a signed URL is good for its very bytes alone

    async def _body(self, response: "ClientResponse") -> bytes:
        encoding = response.headers.get("Content-Encoding", "identity")
        if encoding.lower() != "identity":
            raise SourceError(f"{self._address.name}: it packs its answer, though it was asked not to")
        body = bytearray()
        async for piece in response.content.iter_chunked(_PIECE):
            body += piece
            if len(body) > self._largest:
                raise SourceError(f"{self._address.name}: more than {self._largest:,} bytes")
        return bytes(body)

    @asynccontextmanager
    async def _explained(self) -> AsyncIterator[None]:
        name = self._address.name
        try:
            yield
        except TimeoutError as late:
            raise SourceError(
                f"{name} did not answer in time; is it overloaded, or the network slow?"
            ) from late
        except (self._aiohttp.ClientError, OSError, ValueError) as failed:
            # Not chained, since aiohttp's own words may hold the URL.
            raise SourceError(f"{name}: {reason(failed)}; does it run, and can it be reached?") from None


def _joined(headers: "CIMultiDictProxy[str]") -> dict[str, str]:
    return {name.lower(): ", ".join(headers.getall(name)) for name in headers}
