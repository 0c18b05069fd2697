"""Runs commands in environments that are not this one."""

import os
import subprocess
import sys
from pathlib import Path

from tests.docs.pages import ROOT

__all__ = ["fail", "run"]


def run(*command: str | Path, cwd: Path = ROOT, quiet: bool = False, path: Path | None = None) -> None:
    """Runs a command, and ends this process where it fails; `path` is where Python looks for modules too."""
    # Nothing of this environment may leak into the other by way of PYTHONPATH and its like.
    environ = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "RELIAKIT", "DJANGO"))
    }
    if path is not None:
        environ["PYTHONPATH"] = str(path)
    done = subprocess.run(
        command, env=environ, cwd=cwd, check=False, stdout=subprocess.PIPE if quiet else None, timeout=300
    )
    if done.returncode:
        sys.stdout.buffer.write(done.stdout or b"")
        fail(f"failed: {' '.join(map(str, command[:6]))}")


def fail(message: str) -> None:
    sys.exit(message)
