"""Responses as http.client reads them, which takes what is cut for whole, and much for a header that is none."""

import http.client
import re
from typing import Any

from reliakit.upstreams.errors import BadResponse

__all__ = ["StrictResponse", "answer"]

_HEADER = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[^\x00-\x08\x0a-\x1f\x7f]*\r\n")
_END = b"\r\n"


class StrictResponse(http.client.HTTPResponse):
    """One that looks at each line of its head."""

    def __init__(self, sock: Any, *arguments: Any, **named: Any) -> None:
        super().__init__(sock, *arguments, **named)
        self._lines = _Lines(self.fp)
        self.fp: Any = self._lines

    def begin(self) -> None:
        """Reads the head.

        Raises:
            BadResponse: a line of it is no header, or its end is not there.
        """
        self._lines.lines.clear()
        super().begin()
        status, *headers, end = self._lines.lines or [b"", b""]
        if end != _END or not status.endswith(_END) or not all(map(_HEADER.fullmatch, headers)):
            raise BadResponse("it sent a head that is none, or half of one")

    @property
    def whole(self) -> bool:
        """Whether a chunked body that has ended has ended as it should."""
        return not self.chunked or self._lines.last == _END


class _Lines:
    """A file that remembers the lines that were read of it."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.lines: list[bytes] = []
        self.last = b""

    def readline(self, limit: int = -1) -> bytes:
        self.last = self._file.readline(limit)
        self.lines.append(self.last)
        return self.last

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def answer(connection: Any) -> StrictResponse:
    """Returns the response to what was sent, past interim ones."""
    response: StrictResponse = http.client.HTTPConnection.getresponse(connection)  # type: ignore[assignment]
    while response.status < 200 and response.status != 101:
        # http.client skips 100 alone, and takes any other for the end.
        response.headers = response.msg = None  # type: ignore[assignment]
        response.begin()
    return response
