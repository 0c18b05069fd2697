"""Definitions from a server that speaks HTTP."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from random import uniform
from typing import TYPE_CHECKING

from reliakit.definitions.documents import Format
from reliakit.errors import UsageError
from reliakit.sources.http_address import address, basic, bearer
from reliakit.sources.http_headers import conditions, form_of, max_age, stream_of
from reliakit.sources.http_link import Answer, Link
from reliakit.sources.protocol import Content, SourceError
from reliakit.sources.watching import LARGEST, digest, watched

if TYPE_CHECKING:
    import ssl

__all__ = ["HttpSource"]

_ADVICE = {
    401: "check its token or password",
    403: "what its token or password allows is not enough",
    404: "check the path of the URL",
    429: "it is asked too often: raise `poll`",
}


@dataclass(frozen=True, slots=True)
class _Kept:
    """What was answered last, and what to ask with so that it needs to be answered only when it changes."""

    content: Content
    conditions: Mapping[str, str]


class HttpSource:
    """Asks for a document again and again, each time only for what is newer (ETag, Last-Modified).

    Where an answer has `Link: <url>; rel="monitor"`, that URL is listened to for server-sent events, each of which
    means "look again"; what it says is ignored. Compressed answers are refused.

    Args:
        url: https or http; user and password in it are sent as basic authentication.
        token: a bearer token.
        basic_auth: user and password.
        poll: seconds between two looks; `Cache-Control: max-age` of an answer counts more.
        bounds: the least and the most seconds that `max-age` can make of it.
        timeout: seconds that a look may take, redirects included.
        largest: bytes that a document may have.
        silence: seconds without a word after which a stream of events is opened again.
        redirect_hosts: other hosts that the server may send us to. They are not told who we are.
        proxy: whether HTTPS_PROXY and its like in the environment count.
        tls: for certificates other than the system's, or a client's own.
        insecure: whether a token or password may be sent over http, where everybody in between can read it.
        format: instead of what the content type or the suffix of the path says.

    Raises:
        MissingExtraError: aiohttp is not installed.
        UsageError: the URL or token can't be used, or the latter would be readable on its way.
    """

    keep_copy = True

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        basic_auth: tuple[str, str] | None = None,
        poll: float = 30.0,
        bounds: tuple[float, float] = (5.0, 300.0),
        timeout: float = 5.0,
        largest: int = LARGEST,
        silence: float = 90.0,
        redirect_hosts: Collection[str] = (),
        proxy: bool = False,
        tls: "ssl.SSLContext | None" = None,
        insecure: bool = False,
        format: Format | None = None,
    ) -> None:
        self._address = address(url, redirect_hosts)
        self.name = self._address.name
        self._poll, self._bounds, self._format = poll, bounds, format
        own = bearer(token) if token is not None else basic(":".join(basic_auth)) if basic_auth else None
        secret = own or self._address.authorization
        if secret and url.startswith("http:") and not (insecure or self._address.local):
            raise UsageError(
                f"{self.name}: everybody in between could read the token or password; use https, or say insecure=True"
            )
        self._link = Link(
            self._address, secret, timeout=timeout, largest=largest, silence=silence, proxy=proxy, tls=tls
        )
        self._kept: _Kept | None = None
        self._loaded: bytes | None = None
        self._stream: tuple[str, str] | None = None
        self._age: float | None = None

    async def load(self) -> Content:
        content = await self._fetch()
        self._loaded = digest(content)
        return content

    def changes(self) -> AsyncIterator[None]:
        # What was loaded is taken now: the body of an asynchronous generator only starts when it is first waited for.
        return watched(self._loaded, self._fetch, self._pushes, self._pause)

    async def _fetch(self) -> Content:
        kept = self._kept
        self._age = None  # of a server that fails, nothing is known
        answer = await self._link.get(kept.conditions if kept else {})
        if answer.status not in (200, 304) or (answer.status == 304 and kept is None):
            advice = _ADVICE.get(answer.status)
            raise SourceError(f"{self.name}: it answered {answer.status}" + (f"; {advice}" if advice else ""))
        self._age = max_age(answer.headers)
        if answer.status == 200 or kept is None:
            kept = self._kept = _Kept(self._content(answer), conditions(answer.headers))
            target = stream_of(answer.headers)
            self._stream = (answer.url, target) if target else None
        return kept.content

    def _content(self, answer: Answer) -> Content:
        form = self._format or form_of(answer.headers, answer.url)
        if form is None:
            raise SourceError(
                f"{self.name}: it answered with a page for people; is that a login, or an error?"
            )
        return Content(self.name, answer.body, form)

    async def _pushes(self) -> AsyncGenerator[None, None]:
        if self._stream is None:  # no answer so far has named one
            await asyncio.sleep(self._poll)
            return
        async with aclosing(self._link.events(self._address.onward(*self._stream))) as told:
            async for _ in told:
                yield

    def _pause(self) -> float:
        least, most = self._bounds
        seconds = self._poll if self._age is None else min(max(self._age, least), most)
        return uniform(seconds, seconds * 1.25)  # noqa: S311 - so that workers don't come at once
