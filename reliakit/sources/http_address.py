"""Where a document is on the web, what of its URL may be shown, and whom a server may send us to."""

from base64 import b64encode
from collections.abc import Collection
from dataclasses import dataclass, field
from hashlib import sha256
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from reliakit.errors import UsageError
from reliakit.sources.protocol import SourceError

__all__ = ["Address", "Origin", "address", "basic", "bearer"]

_PORTS = {"http": 80, "https": 443}
_FORM = "expected https://host/path; in a password, characters such as @ : / ? # % have to be percent-encoded"

Origin = tuple[str, str, int]
"""Scheme, host and port."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a document is.

    Attributes:
        url: what is asked for; without user and password.
        name: for people: no user, password or query, which may hold tokens.
        authorization: of user and password in the URL.
        hosts: beside the own host, those that a server may send us to.
    """

    url: str = field(repr=False)
    name: str
    authorization: str | None = field(repr=False)
    hosts: frozenset[str]

    @property
    def local(self) -> bool:
        """Whether it is on this machine, where nobody listens in."""
        return _split(self.url).hostname in ("localhost", "127.0.0.1", "::1")

    def trusts(self, url: str) -> bool:
        """Tells whether a URL is of the own origin, which alone is told who we are."""
        return _origin(_split(url)) == _origin(_split(self.url))

    def onward(self, url: str, location: str) -> str:
        """Returns where a server at `url` sends us to.

        Raises:
            SourceError: a host that is not allowed, or a scheme that is less safe.
        """
        target = urljoin(url, location)
        try:
            there = _origin(_split(target))
        except UsageError:
            raise SourceError(f"{self.name} sends to what is no URL of http or https") from None
        own = _origin(_split(self.url))
        if there[0] != "https" and own[0] == "https":
            raise SourceError(f"{self.name} sends from https to http; it is not followed")
        if there[1] != own[1] and there[1] not in self.hosts:
            raise SourceError(
                f"{self.name} sends to {there[1]}; if that is right, add it to `redirect_hosts`, or use its URL"
            )
        return target.partition("#")[0]


def address(url: str, hosts: Collection[str] = ()) -> Address:
    """Reads a URL such as `https://user:password@host/flags.yaml`.

    Raises:
        UsageError: it is none; the message does not repeat it, since it may hold a password.
    """
    parts = _split(url)
    scheme, host, port = _origin(parts)
    shown = f"[{host}]" if ":" in host else host
    place = shown if port == _PORTS[scheme] else f"{shown}:{port}"
    user, at, _ = parts.netloc.rpartition("@")
    query = f"?{parts.query}" if parts.query else ""
    # Two documents that differ by their query alone must not share a last good copy.
    digest = f"?… ({sha256(query.encode(), usedforsecurity=False).hexdigest()[:8]})" if query else ""
    plain = f"{scheme}://{place}{parts.path or '/'}"
    allowed = frozenset(each.lower() for each in hosts)
    return Address(f"{plain}{query}", f"{plain}{digest}", basic(unquote(user)) if at else None, allowed)


def bearer(token: str) -> str:
    """Returns the header of a bearer token.

    Raises:
        UsageError: it holds what a header can't, such as the end of a line.
    """
    if not token or not all("!" <= character <= "~" for character in token):
        raise UsageError(
            "the token of a source is made of visible ASCII characters; is there a space or a line end in it?"
        )
    return f"Bearer {token}"


def basic(user_and_password: str) -> str:
    """Returns the header of `user:password`."""
    return f"Basic {b64encode(user_and_password.encode()).decode()}"


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:  # whose text may quote a part of a password
        parts = urlsplit("")
    plain = url.isascii() and url.isprintable() and " " not in url
    if parts.scheme not in _PORTS or not parts.hostname or "@" in parts.path or not plain:
        raise UsageError(f"the URL of an HTTP source can't be used; {_FORM}")
    return parts


def _origin(parts: SplitResult) -> Origin:
    assert parts.hostname is not None
    return parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme]
