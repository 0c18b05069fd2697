"""The definitions of a project as a file, which is what commands read."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from reliakit_django.conf import SETTING, Configured

__all__ = ["definitions_file"]

_READING = ("check", "eval", "diff")
_STORELESS = (
    "The definitions of this project are in no file, so there is no store beside them; "
    f"name the one that its workers share in {SETTING}['STORE']."
)


@contextmanager
def definitions_file(found: Configured, command: str) -> Iterator[str | None]:
    """Gives the path of the project's file, or of a copy of what is elsewhere; None where a URL leads to it.

    Args:
        found: what the settings say.
        command: what the file is for: most look at a store too, which is not to be one beside the copy.

    Raises:
        ImproperlyConfigured: nobody would ever look at that store.
        SourceError: the definitions can't be read.
    """
    source = found.source
    if isinstance(source, str | PathLike):
        yield str(source) if isinstance(source, PathLike) else None
        return
    if found.store is None and command not in _READING:
        raise ImproperlyConfigured(_STORELESS)
    with TemporaryDirectory() as folder:
        suffix, text = _copied(source)
        file = Path(folder, f"definitions.{suffix}")
        file.write_bytes(text)
        yield str(file)


def _copied(source: Any) -> tuple[str, bytes]:
    if isinstance(source, Mapping):
        return "json", json.dumps({"format": 1, **source}, default=str).encode()
    content = asyncio.run(source.load())
    return content.format, content.text
