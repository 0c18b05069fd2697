"""The last good definitions on local disk, so that a worker born on a bad day runs what its siblings run."""

import hashlib
import os
import tempfile
from collections.abc import Container, Generator, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from reliakit.definitions.documents import Document

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
        return self._write(text)

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
        try:
            kept = msgspec.json.decode(self.path.read_bytes(), type=_Kept)
            known = kept.reliakit == _FORMAT and kept.source == self._source and _ours(self.path.parent)
        except (OSError, msgspec.DecodeError, UnicodeError, RecursionError):
            return None
        return kept if known else None

    def _write(self, text: bytes) -> bool:
        folder, temporary = self.path.parent, ""
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not _ours(folder):
                return False
            # A name of its own for each writer: processes of two containers may share a folder and a process id.
            handle, temporary = tempfile.mkstemp(".tmp", self.path.stem, folder)
            with open(handle, "wb") as file:
                file.write(text)
            os.replace(temporary, self.path)
        except OSError:
            if temporary:
                with suppress(OSError):
                    os.unlink(temporary)
            return False
        return True


def _raw(flags: msgspec.Raw) -> dict[str, msgspec.Raw]:
    return msgspec.json.decode(flags, type=dict[str, msgspec.Raw])


def _decoded(flags: msgspec.Raw) -> Generator[None, None, dict[str, Any]]:
    decoded: dict[str, Any] = {}
    for key, flag in _raw(flags).items():
        yield
        decoded[key] = msgspec.json.decode(flag)
    return decoded


def _ours(folder: Path) -> bool:
    """A folder in a shared place may have been laid there by somebody else: believe only our own."""
    return not hasattr(os, "getuid") or folder.stat().st_uid in (os.getuid(), 0)
