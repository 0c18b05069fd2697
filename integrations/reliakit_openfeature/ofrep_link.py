"""Requests to an OFREP server, by the standard library, over connections that are kept open."""

import http.client
import json
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from reliakit import UsageError

__all__ = ["Answer", "OFREPLink", "Unanswered"]

Answer = tuple[int, Mapping[str, Any]]
"""Status, and the object that was answered."""
_LARGEST = 1024 * 1024
"""Bytes of an answer; one flag's value is far below."""
_LONGEST_REST = 3600.0
_KEPT = 8
"""Connections that stay open while nobody uses them."""
_ASK_LATER = (429, 503)
_STALE = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)
"""What a connection ends with that the server has closed meanwhile."""
_LOCAL = ("localhost", "127.0.0.1", "::1")


class Unanswered(Exception):
    """There is no answer that could be used; the text is for people."""


class OFREPLink:
    """Asks a server; after a failure it is left alone for a while, so that a hung one costs each caller little.

    Args:
        url: https or http, up to where `/ofrep` begins.
        token: a bearer token.
        timeout: seconds that the server may take for each step of an answer.
        rest: seconds without a request after one that failed; where the server says `Retry-After`, that counts.
        now: monotonic seconds.

    Raises:
        UsageError: the URL can't be used, or the token would be readable on its way.
    """

    def __init__(
        self,
        url: str,
        token: str | None,
        timeout: float,
        rest: float,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
            raise UsageError("an OFREP server is named by https://host/path, without user or query")
        if token and parts.scheme == "http" and parts.hostname not in _LOCAL:
            raise UsageError(f"{url}: everybody in between could read the token; use https")
        self._path, self._now = parts.path.rstrip("/"), now
        self.name = f"{parts.scheme}://{parts.netloc}{self._path}"
        self._place, self._timeout = (parts.hostname, parts.port), timeout
        self._secure = parts.scheme == "https"
        self._headers = {"Content-Type": "application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._rest, self._until = rest, float("-inf")
        self._idle: list[http.client.HTTPConnection] = []

    def post(self, path: str, body: bytes) -> Answer:
        """Asks, and returns what was answered with whatever status.

        Raises:
            Unanswered: the server can't be reached, is not to be asked now, or says what is no JSON object.
        """
        if self._now() < self._until:
            raise Unanswered(f"{self.name} is not asked again before {self._rest:g} s are over")
        try:
            status, retry_after, text = self._exchange(path, body)
            found = json.loads(text) if text else {}
        except (OSError, http.client.HTTPException, ValueError, RecursionError) as failure:
            self._until = self._now() + self._rest
            raise Unanswered(f"{self.name}: {_said(failure)}") from failure
        if status in _ASK_LATER:
            self._until = self._now() + _seconds(retry_after, self._rest)
        if not isinstance(found, dict):
            raise Unanswered(f"{self.name} answers {status} with what is no JSON object")
        return status, found

    def close(self) -> None:
        """Closes the connections that nobody is using; the link can be used again."""
        while self._idle:
            self._idle.pop().close()

    def _exchange(self, path: str, body: bytes) -> tuple[int, str | None, bytes]:
        try:
            return self._once(self._idle.pop(), path, body)
        except (
            IndexError,
            *_STALE,
        ):  # none is idle, or the server has closed it; a new one has no such excuse
            self.close()
            return self._once(self._connection(), path, body)

    def _connection(self) -> http.client.HTTPConnection:
        host, port = self._place
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        return kind(host, port, timeout=self._timeout)

    def _once(
        self, connection: http.client.HTTPConnection, path: str, body: bytes
    ) -> tuple[int, str | None, bytes]:
        try:
            connection.request("POST", f"{self._path}{path}", body, self._headers)
            response = connection.getresponse()
            text = response.read(_LARGEST + 1)
            if len(text) > _LARGEST:
                raise ValueError(f"an answer of more than {_LARGEST:,} bytes")
        except BaseException:
            connection.close()
            raise
        if len(self._idle) < _KEPT:
            self._idle.append(connection)
        else:
            connection.close()
        return response.status, response.headers["Retry-After"], text


def _seconds(retry_after: str | None, otherwise: float) -> float:
    """Reads how long the server wants to be left alone."""
    text = (retry_after or "").strip()
    try:
        if text.isdecimal():
            return min(float(text), _LONGEST_REST)
        moment = parsedate_to_datetime(text)
        return min(max((moment - datetime.now(moment.tzinfo)).total_seconds(), 0.0), _LONGEST_REST)
    except (ValueError, OverflowError):
        return otherwise


def _said(failure: Exception) -> str:
    return (
        "it does not answer in time" if isinstance(failure, TimeoutError) else str(failure) or repr(failure)
    )
