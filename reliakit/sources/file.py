"""Definitions in a file, noticed when it is edited, replaced by a rename or swapped by a symlink."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from reliakit.definitions.documents import Format
from reliakit.sources.protocol import Content, SourceError

__all__ = ["FileSource"]

_Signature = tuple[int, int, int, int, int]
_FORMATS: dict[str, Format] = {".toml": "toml", ".json": "json"}
_PATIENCE = 10
"""How often a file that is written to again and again is waited for before it is taken as it is."""


class FileSource:
    """Reads a YAML, TOML or JSON file, told apart by its suffix.

    It looks at the file's metadata instead of asking the kernel for events: events don't cross network file
    systems and container mounts, and are lost when a ConfigMap swaps the symlinks above the file. A file that is
    empty or was touched within the last `settle` seconds counts as half-written and is left until it rests.

    Args:
        path: the file; a symlink is followed anew each time.
        poll: seconds between two looks.
        settle: seconds that a change must rest before it is reported or read.
        now: the time that file systems stamp files with, in seconds since 1970.
    """

    keep_copy = True

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        poll: float = 0.05,
        settle: float = 0.15,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.path = Path(os.path.abspath(path))
        self.name = str(self.path)
        self._poll, self._settle, self._now = poll, settle, now
        self._looks = max(1, round(settle / poll))
        self._loaded: _Signature | None = None

    async def load(self) -> Content:
        text, read, unrested = await asyncio.to_thread(self._read)
        for _ in range(_PATIENCE):
            if unrested is None:
                break
            await asyncio.sleep(unrested)
            text, read, unrested = await asyncio.to_thread(self._read)
        self._loaded = read
        return Content(self.name, text, _FORMATS.get(self.path.suffix.lower(), "yaml"))

    def changes(self) -> AsyncIterator[None]:
        # What was loaded is taken now: the body of an asynchronous generator only starts when it is first waited for.
        return self._since(self._loaded)

    async def _since(self, reported: _Signature | None) -> AsyncIterator[None]:
        seen, rested = reported, 0
        while True:
            await asyncio.sleep(self._poll)
            found = await asyncio.to_thread(self._look)
            rested = rested + 1 if found == seen else 0
            seen = found
            if found is not None and found != reported and rested >= self._looks:
                reported = found
                yield

    def _read(self) -> tuple[bytes, _Signature, float | None]:
        """Returns the content, what it was then, and how long to wait where a writer may be at work."""
        try:
            before = _signature(self.path)
            text = self.path.read_bytes()
            read = _signature(self.path)
            age = self._now() - os.stat(self.path).st_mtime
        except OSError as missing:
            raise SourceError(f"{self.name}: {missing.strerror or missing}") from missing
        if 0 <= age < self._settle:
            return text, read, self._settle - age
        if not text:  # a file that is being emptied can be seen so before its time of modification is
            return text, read, self._settle
        return text, read, None if before == read else 0.0

    def _look(self) -> _Signature | None:
        """What changes whenever the content does; None where there is nothing to read."""
        try:
            found = _signature(self.path)
        except OSError:
            return None
        return found if found[-1] else None


def _signature(path: Path) -> _Signature:
    found = os.stat(path)
    # The time of change beside that of modification: `cp -p` sets the latter back, and a file that became readable
    # has only the former.
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size
