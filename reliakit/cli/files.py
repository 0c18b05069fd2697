"""Definitions files as the commands read them."""

import os
from dataclasses import dataclass, replace
from pathlib import Path

import click

from reliakit.cli.printing import Failure
from reliakit.definitions.documents import Document, read, run
from reliakit.definitions.loading import Loaded, load
from reliakit.definitions.models import Definitions

__all__ = ["FILE", "Examined", "definitions_in", "examine"]

FILE = click.Path(path_type=Path)
"""A path that is opened, not asked about beforehand: one place says why a file can't be read."""


@dataclass(frozen=True, slots=True)
class Examined:
    """A file's lines, from the first, and what came of it."""

    name: str
    lines: tuple[str, ...]
    loaded: Loaded
    document: Document | None = None


def examine(path: Path) -> Examined:
    """Reads a file as an application would that starts now, its environment included.

    Raises:
        Failure: the file can't be read.
    """
    name = click.format_filename(path)
    try:
        text = path.read_bytes()
    except OSError as failed:
        raise Failure(f"{name}: {failed.strerror or failed}") from failed
    document, problems = run(read(text, name))
    loaded = run(load(document, os.environ)) if document else Loaded(None)
    lines = text.decode("utf-8", "replace").removeprefix("\ufeff").splitlines()
    return Examined(name, tuple(lines), replace(loaded, problems=(*problems, *loaded.problems)), document)


def definitions_in(path: Path) -> Definitions:
    """Returns the definitions of a file that has no problems.

    Raises:
        Failure: it can't be read, or has problems; the message holds all of them.
    """
    loaded = examine(path).loaded
    if loaded.problems or loaded.definitions is None:
        raise Failure(
            "\n".join(["the definitions can't be used:", *(f"  {each}" for each in loaded.problems)])
        )
    return loaded.definitions
