"""Definitions in a file, noticed when it is edited, replaced by a rename or swapped by a symlink."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

from reliakit.definitions.documents import Format
from reliakit.sources.protocol import Content, SourceError

__all__ = ["FileSource"]

_Signature = tuple[int, int, int, int]
_FORMATS: dict[str, Format] = {".toml": "toml", ".json": "json"}


class FileSource:
    """Reads a YAML, TOML or JSON file, told apart by its suffix.

    It looks at the file's metadata instead of asking the kernel for events: events don't cross network file
    systems and container mounts, and are lost when a ConfigMap swaps the symlinks above the file. A file that is
    empty or was touched within the last `settle` seconds counts as half-written and is left until it rests.

    Args:
        path: the file; a symlink is followed anew each time.
        poll: seconds between two looks.
        settle: seconds that a change must rest before it is reported.
    """

    keep_copy = True

    def __init__(self, path: str | os.PathLike[str], *, poll: float = 0.05, settle: float = 0.15) -> None:
        self.path = Path(os.path.abspath(path))
        self.name = str(self.path)
        self._poll = poll
        self._looks = max(1, round(settle / poll))
        self._loaded: _Signature | None = None

    async def load(self) -> Content:
        before, text = await asyncio.to_thread(self._read)
        self._loaded = before
        return Content(self.name, text, _FORMATS.get(self.path.suffix.lower(), "yaml"))

    async def changes(self) -> AsyncIterator[None]:
        reported = self._loaded
        seen, rested = reported, 0
        while True:
            await asyncio.sleep(self._poll)
            found = await asyncio.to_thread(self._look)
            rested = rested + 1 if found == seen else 0
            seen = found
            if found is not None and found != reported and rested >= self._looks:
                reported = found
                yield

    def _read(self) -> tuple[_Signature | None, bytes]:
        try:
            before = self._look()
            return before, self.path.read_bytes()
        except OSError as missing:
            raise SourceError(f"{self.name}: {missing.strerror or missing}") from missing

    def _look(self) -> _Signature | None:
        """What changes whenever the content does; None where there is nothing to read."""
        try:
            found = os.stat(self.path)
        except OSError:
            return None
        return (found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size) if found.st_size else None
