"""Runs the command as people do: as a program, in a pipe or on a terminal."""

import os
import pty
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

__all__ = ["COMMAND", "environment", "on_terminal", "reliakit"]

COMMAND = [sys.executable, "-m", "reliakit"]


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The tests' environment without what would colour the output, or change how it is wrapped."""
    mine = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "TERM")
    return {**{k: v for k, v in os.environ.items() if k not in mine}, "TERM": "xterm", **(extra or {})}


def reliakit(
    *arguments: str, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs the command in a pipe."""
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=cwd,
        env=environment(env),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def on_terminal(
    *arguments: str, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """Runs the command on a terminal of 100 columns; returns its exit code and all that is on the screen."""
    ours, theirs = pty.openpty()
    size = {"COLUMNS": "100", "LINES": "40"}
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=cwd,
        env=environment({**size, **(env or {})}),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b"".join(iter(lambda: _read(ours), b""))
    os.close(ours)
    return process.wait(60), shown.decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux's way to say that nobody is there any more
        return b""
