"""The last good definitions on local disk, so that a worker born on a bad day runs what its siblings run."""

import hashlib
import os
import tempfile
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from reliakit.definitions.documents import Document
from reliakit.definitions.models import Definitions

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


class LastGood:
    """Keeps one document, whole or not at all. Nothing here raises because of the disk: `save` says whether it
    worked, `load` answers None.

    Secrets stay out: what was written as `env:NAME` is kept so.

    Args:
        folder: created when it is needed, for its owner alone.
        source: the name of the source, which tells the copies of several apart.
    """

    def __init__(self, folder: Path, source: str) -> None:
        self.path = folder / f"last-good-{hashlib.sha256(source.encode()).hexdigest()[:16]}.json"
        self._source = source

    def save(self, document: Document, definitions: Definitions) -> Generator[None, None, bool]:
        """Writes the document with the flags that are in force, cooperatively; yields between flags."""
        flags: dict[str, msgspec.Raw] = {}
        for key, flag in definitions.flags.items():
            flags[key] = msgspec.Raw(msgspec.json.encode(flag))
            yield
        kept = {**document.data, "flags": flags}
        text = msgspec.json.encode({"reliakit": _FORMAT, "source": self._source, "document": kept})
        yield
        return self._write(text)

    def load(self) -> Document | None:
        """Returns the copy, or None where there is none that can be read."""
        try:
            kept = msgspec.json.decode(self.path.read_bytes(), type=_Kept)
        except (OSError, msgspec.DecodeError):
            return None
        if kept.reliakit != _FORMAT or kept.source != self._source or not _ours(self.path.parent):
            return None
        return Document(f"the last good copy of {self._source}", kept.document)

    def _write(self, text: bytes) -> bool:
        temporary = self.path.with_suffix(f".{os.getpid()}.tmp")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(text)
            os.replace(temporary, self.path)
        except OSError:
            return False
        return _ours(self.path.parent)


class _Kept(msgspec.Struct):
    reliakit: int
    source: str
    document: dict[str, Any]


def _ours(folder: Path) -> bool:
    """A folder in a shared place may have been laid there by somebody else: believe only our own."""
    return not hasattr(os, "getuid") or folder.stat().st_uid in (os.getuid(), 0)
