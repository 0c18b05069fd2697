"""The file of a store: made for its owner alone, and told apart from another in its place."""

import os
import threading
from pathlib import Path

__all__ = ["Signature", "made", "signature"]

Signature = tuple[int, int]


def signature(path: Path) -> Signature | None:
    """Returns which file is there; None where there is none."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def made(path: Path) -> Signature | None:
    """Makes an empty file and its folder where there is none, and returns which one is there.

    It is made under another name and linked. Were it opened where it is to be, closing it again would drop the locks
    that another thread of this process has on it by then: the system keeps them by process and file.
    """
    if (found := signature(path)) is not None:
        return found
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = f"{path}.{os.getpid()}-{threading.get_ident()}"
    os.close(os.open(beside, os.O_CREAT | os.O_WRONLY, 0o600))
    try:
        os.link(beside, path)
    except FileExistsError:
        pass  # another worker was faster, so there is one
    finally:
        os.unlink(beside)
    return signature(path)
