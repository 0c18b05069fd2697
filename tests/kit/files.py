"""Edits that no load of the machine can make look half-done."""

import os
from pathlib import Path

__all__ = ["edit"]


def edit(path: Path, text: str) -> None:
    """Replaces a file by a rename, so that nobody ever finds it empty."""
    beside = path.with_suffix(".new")
    beside.write_text(text)
    os.replace(beside, path)
