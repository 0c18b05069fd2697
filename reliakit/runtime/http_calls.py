"""Calls to other people's HTTP servers.

What is called may hold a token, so no URL is ever part of a message.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from reliakit.drivers.aiohttp_client import client, reason
from reliakit.errors import ReliakitError

if TYPE_CHECKING:
    from reliakit.drivers.aiohttp_client import ClientResponse

__all__ = ["WITHIN", "Answer", "Call", "Caller", "Unanswered", "call"]

WITHIN = 5.0
"""Seconds that a server has to answer, from the look-up of its name to the last byte."""
_LONGEST = 1 << 20


class Unanswered(ReliakitError):
    """A server gave no answer that can be used; the message says why, and names nothing but the reason."""


@dataclass(frozen=True, slots=True)
class Call:
    """What is asked.

    Attributes:
        url: whom, http or https.
        method: GET or POST.
        headers: beside those that HTTP itself needs.
        form: fields that are sent as a form, in place of a body.
        body: bytes.
        within: seconds for the answer, from the look-up of the name to the last byte.
    """

    url: str
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] | None = None
    body: bytes | None = None
    within: float = WITHIN


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered; of a redirect too, since none is followed."""

    status: int
    body: bytes

    @property
    def fine(self) -> bool:
        """Whether the server took what it was sent."""
        return 200 <= self.status < 300


class Caller(Protocol):
    """How `call` is called."""

    async def __call__(self, asked: Call) -> Answer:
        """Raises as `call` does."""


async def call(asked: Call) -> Answer:
    """Asks a server, on a connection of its own.

    A redirect is an answer like any other: whoever could redirect us could have us ask any address of the network
    that this process is in.

    Raises:
        Unanswered: no answer came in time, or one too long.
        MissingExtraError: aiohttp is not installed.
    """
    aiohttp = client("calling webhooks and Prometheus")
    try:
        timeout = aiohttp.ClientTimeout(total=asked.within)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.request(
                asked.method,
                asked.url,
                data=asked.body if asked.form is None else asked.form,
                headers=asked.headers,
                allow_redirects=False,
            ) as response,
        ):
            return Answer(response.status, await _bounded(response))
    except TimeoutError as late:
        raise Unanswered(f"no answer within {asked.within:g} s") from late
    except (aiohttp.ClientError, OSError, ValueError) as failed:
        raise Unanswered(reason(failed)) from None  # aiohttp's own words may hold the URL


async def _bounded(response: "ClientResponse") -> bytes:
    body = bytearray()
    async for piece in response.content.iter_chunked(1 << 16):
        body += piece
        if len(body) > _LONGEST:
            raise Unanswered(f"an answer of more than {_LONGEST:,} bytes")
    return bytes(body)
