"""The last good definitions on local disk, so that a worker born on a bad day runs what its siblings run."""

import hashlib
import os
import tempfile
from collections.abc import Container, Generator, Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from reliakit.definitions.documents import Document
from reliakit.runtime.kept import keep, kept

__all__ = ["LastGood", "state_folder"]

_FORMAT = 1


def state_folder(environ: Mapping[str, str]) -> Path:
    """Returns where a host's processes keep what should outlive them.

    RELIAKIT_STATE_DIR, else XDG_STATE_HOME, else ~/.local/state, each with `reliakit` below it; for users without
    a home, a folder of their own in the temporary folder.
    """
    if chosen := environ.get("RELIAKIT_STATE_DIR"):
        return Path(chosen)
    if chosen := environ.get("XDG_STATE_HOME"):
        return Path(chosen) / "reliakit"
    home = environ.get("HOME")
    if home and os.access(home, os.W_OK):
        return Path(home) / ".local" / "state" / "reliakit"
    return Path(tempfile.gettempdir()) / f"reliakit-{os.getuid() if hasattr(os, 'getuid') else 'user'}"


class _Kept(msgspec.Struct):
    reliakit: int
    source: str
    document: dict[str, msgspec.Raw]


class LastGood:
    """Keeps one document, whole or not at all. Nothing here raises because of the disk: `save` says whether it
    worked, `load` answers None. Both are cooperative and yield between flags.

    Secrets stay out: what is kept is what was written, so `env:NAME` stays `env:NAME`.

    Args:
        folder: created when it is needed, for its owner alone.
        source: the name of the source, which tells the copies of several apart.
    """

    def __init__(self, folder: Path, source: str) -> None:
        self.path = folder / f"last-good-{hashlib.sha256(source.encode()).hexdigest()[:16]}.json"
        self._source = source

    def save(
        self, document: Document, flags: Iterable[str], broken: Container[str]
    ) -> Generator[None, None, bool]:
        """Writes the document with the flags that are in force.

        Args:
            document: what was read.
            flags: the keys of the flags that are in force.
            broken: those that are written wrongly; what stands for them in the copy so far stays there.
        """
        keys, written = list(flags), document.data.get("flags", {})
        earlier: dict[str, msgspec.Raw] = {}
        if any(key in broken or key not in written for key in keys):
            earlier = yield from self._flags()
        kept: dict[str, msgspec.Raw] = {}
        for key in keys:
            yield
            if key in written and key not in broken:
                kept[key] = msgspec.Raw(msgspec.json.encode(written[key]))
            elif key in earlier:
                kept[key] = earlier[key]
        content = {"reliakit": _FORMAT, "source": self._source, "document": {**document.data, "flags": kept}}
        text = msgspec.json.encode(content)
        yield
        return keep(self.path, text)

    def load(self) -> Generator[None, None, Document | None]:
        """Returns (as the generator's value) the copy, or None where there is none that can be read."""
        kept = self._kept()
        yield
        if kept is None:
            return None
        data: dict[str, Any] = {}
        try:
            for key, raw in kept.document.items():
                data[key] = (yield from _decoded(raw)) if key == "flags" else msgspec.json.decode(raw)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return None
        return Document(f"the last good copy of {self._source}", data)

    def _flags(self) -> Generator[None, None, dict[str, msgspec.Raw]]:
        """Returns the flags of the copy, as they stand there."""
        kept = self._kept()
        yield
        try:
            return _raw(kept.document["flags"]) if kept else {}
        except (msgspec.DecodeError, UnicodeError, RecursionError, KeyError):
            return {}

    def _kept(self) -> _Kept | None:
        text = kept(self.path)
        try:
            found = msgspec.json.decode(text or b"", type=_Kept)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return None
        return found if (found.reliakit, found.source) == (_FORMAT, self._source) else None


def _raw(flags: msgspec.Raw) -> dict[str, msgspec.Raw]:
    return msgspec.json.decode(flags, type=dict[str, msgspec.Raw])


def _decoded(flags: msgspec.Raw) -> Generator[None, None, dict[str, Any]]:
    decoded: dict[str, Any] = {}
    for key, flag in _raw(flags).items():
        yield
        decoded[key] = msgspec.json.decode(flag)
    return decoded
