"""The signed cookie that recognises a visitor, with keys that can be rotated."""

import hashlib
import os
import secrets
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from itsdangerous import BadSignature, Signer

__all__ = ["AnonymousCookie", "cookie_value", "host_key"]

_SALT = "reliakit.anonymous"
_REMEMBERED = 4_096
_LONGEST = 256


class AnonymousCookie:
    """Reads and makes the values of the cookie.

    Checking a signature costs microseconds, so the answers for the last few thousand values are remembered, and
    those for whole headers before them; they say nothing that the text and the keys don't.

    Args:
        name: the cookie.
        keys: signing keys, newest first; the first signs, all verify.
        seconds: how long a browser keeps it.
    """

    def __init__(self, name: str, keys: Sequence[str], seconds: int) -> None:
        self.name, self._seconds = name, seconds
        # itsdangerous wants the newest key last.
        self._signer = Signer([*reversed(keys)], salt=_SALT, digest_method=hashlib.sha256)
        self._by_header: dict[str, str | None] = {}
        self._by_value: dict[str, str | None] = {}

    def visitor(self, header: str) -> str | None:
        """Returns the visitor whom a Cookie header names, or None where it names none or is forged."""
        try:
            return self._by_header[header]
        except KeyError:
            visitor = self._named(header)
        if len(header) <= _LONGEST:
            _remember(self._by_header, header, visitor)
        return visitor

    def _named(self, header: str) -> str | None:
        value = cookie_value(header, self.name)
        if value is None or len(value) > _LONGEST:
            return None
        try:
            return self._by_value[value]
        except KeyError:
            visitor = self._verified(value)
        _remember(self._by_value, value, visitor)
        return visitor

    def _verified(self, value: str) -> str | None:
        try:
            return self._signer.unsign(value).decode("ascii")
        except (BadSignature, UnicodeError):
            return None

    def new_visitor(self) -> str:
        """Returns the name of a visitor who was never seen before."""
        return secrets.token_urlsafe(16)

    def set_cookie(self, visitor: str, *, secure: bool) -> str:
        """Returns the Set-Cookie header that makes a browser remember a visitor."""
        value = self._signer.sign(visitor).decode("ascii")
        parts = f"{self.name}={value}; Max-Age={self._seconds}; Path=/; HttpOnly; SameSite=Lax"
        return f"{parts}; Secure" if secure else parts


def cookie_value(header: str, name: str) -> str | None:
    """Returns the first value of a cookie in a Cookie header."""
    start = f"; {header}".find(f"; {name}=")
    if start < 0:
        return None
    value, _, _ = header[start + len(name) + 1 :].partition(";")
    return value.strip(' "')


def _remember(known: dict[str, str | None], text: str, visitor: str | None) -> None:
    if len(known) >= _REMEMBERED:
        known.clear()
    known[text] = visitor


@lru_cache
def host_key(folder: Path) -> str:
    """Returns a signing key that the processes of this host share, made when it is first wanted.

    Where the disk refuses, the key is this process's alone: its visitors are strangers to its siblings. It is
    remembered, so that a reload neither asks the disk again on a request nor forgets everybody.
    """
    path = folder / "cookie-key"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _create(path)
        return path.read_text("ascii")
    except OSError:
        return secrets.token_hex(32)


def _create(path: Path) -> None:
    """Writes the key whole or not at all; of several processes the first wins."""
    if path.exists():
        return
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(secrets.token_hex(32))
    try:
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        os.unlink(temporary)
