"""A request's body on the WSGI side, as far as it is kept to be sent again or copied."""

import io

from reliakit.upstreams.protocol import Environ

__all__ = ["KeptInput", "has_body"]


class KeptInput:
    """Stands for `wsgi.input`.

    Args:
        body: the server's.
        most: bytes that are kept.

    Attributes:
        kept: whether all that was read is still at hand.
    """

    def __init__(self, body: io.BufferedIOBase, most: int) -> None:
        self._body, self._most = body, most
        self._pieces: list[bytes] = []
        self._size = 0
        self._again = io.BytesIO()
        self.kept = True

    def read(self, size: int = -1) -> bytes:
        """Returns the next bytes; those first that are read anew."""
        if again := self._again.read(size):
            return again
        piece = self._body.read(size)
        self._size += len(piece)
        if self._size > self._most:
            self.kept = False
            self._pieces.clear()
        elif piece:
            self._pieces.append(piece)
        return piece

    def rewind(self) -> None:
        """Begins anew with what was read."""
        self._again = io.BytesIO(b"".join(self._pieces))

    def whole(self, length: int) -> bytes | None:
        """Returns the body, where so many bytes of it were read and kept."""
        return b"".join(self._pieces) if self.kept and self._size == length else None


def has_body(environ: Environ) -> bool:
    """Tells whether a request has a body, as far as its headers say."""
    return environ.get("CONTENT_LENGTH") not in (None, "", "0") or "HTTP_TRANSFER_ENCODING" in environ
