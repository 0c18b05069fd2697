"""Server-sent events, of which only matters that they came."""

import re

__all__ = ["Events"]

_END = re.compile(rb"\r\n|\n|\r")
_ENOUGH = len(b"data:")


class Events:
    """Counts events in the pieces of a stream, and holds on to nothing of what they say: a line may be of any length.

    Source: HTML Living Standard, 9.2.6, Interpreting an event stream.
    """

    def __init__(self) -> None:
        self._line = b""  # its first bytes
        self._data = False
        self._returned = False  # the last piece ended in what may be the first half of an end of line

    def feed(self, piece: bytes) -> int:
        """Takes a piece and returns how many events it completes."""
        if self._returned:
            piece = piece.removeprefix(b"\n")
        *lines, rest = _END.split(piece)
        if piece:
            self._returned = piece.endswith(b"\r")
        events = sum(self._ended(line) for line in lines)
        self._line = (self._line + rest[:_ENOUGH])[:_ENOUGH]
        return events

    def _ended(self, rest: bytes) -> bool:
        line, self._line = (self._line + rest[:_ENOUGH])[:_ENOUGH], b""
        if line:
            self._data |= line in (b"data", b"data:")
            return False
        event, self._data = self._data, False
        return event
