"""Files that outlive a process, each whole or not at all. Nothing here raises because of the disk."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

__all__ = ["keep", "kept"]


def kept(path: Path) -> bytes | None:
    """Returns what was kept, or None where there is nothing, or where somebody else may have laid it there."""
    try:
        return path.read_bytes() if _ours(path.parent) else None
    except OSError:
        return None


def keep(path: Path, text: bytes) -> bool:
    """Keeps a text in place of the one before, in a folder for its owner alone; tells whether it is on disk."""
    folder, temporary = path.parent, ""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not _ours(folder):
            return False
        # A name of its own for each writer: processes of two containers may share a folder and a process id.
        handle, temporary = tempfile.mkstemp(".tmp", path.stem, folder)
        with open(handle, "wb") as file:
            file.write(text)
        os.replace(temporary, path)
    except OSError:
        if temporary:
            with suppress(OSError):
                os.unlink(temporary)
        return False
    return True


def _ours(folder: Path) -> bool:
    """A folder in a shared place may have been laid there by somebody else: believe only our own."""
    return not hasattr(os, "getuid") or folder.stat().st_uid in (os.getuid(), 0)
