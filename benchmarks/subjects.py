"""Subjects: what is measured, each in a long-lived process of its own."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Subject", "UnmeasuredError", "started", "stop", "timed"]

_ROOT = Path(__file__).parent.parent
_GRACE_SECONDS = 5


class UnmeasuredError(Exception):
    """A subject that can't be started, answers wrongly or died; its text says why."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A running worker with `flags` flags loaded."""

    name: str
    flags: int
    process: subprocess.Popen[str] = field(repr=False)


def started(name: str, adapter: str, flags: int, python: str = sys.executable) -> Subject:
    """Returns a subject that has answered every kind of flag rightly.

    Raises:
        UnmeasuredError: it can't be started, or its answers are wrong.
    """
    command = [python, "-m", "benchmarks.worker", adapter, str(flags)]
    process = subprocess.Popen(
        command,
        cwd=_ROOT,
        env=os.environ | {"PYTHONHASHSEED": "0"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    subject = Subject(name, flags, process)
    try:
        _reply(subject)
    except UnmeasuredError:
        stop(subject)
        raise
    return subject


def timed(subject: Subject, kind: str, seconds: float) -> float:
    """Returns nanoseconds per evaluation, over about `seconds` of them.

    Raises:
        UnmeasuredError: the process has died.
    """
    assert subject.process.stdin is not None
    print(json.dumps({"kind": kind, "seconds": seconds}), file=subject.process.stdin, flush=True)
    return float(_reply(subject)["ns"])


def stop(subject: Subject) -> None:
    """Ends the process: its requests end, then it does, or is made to: some SDKs leave threads that never end."""
    try:
        subject.process.communicate(timeout=_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        subject.process.kill()
        subject.process.communicate()


def _reply(subject: Subject) -> dict[str, Any]:
    assert subject.process.stdout is not None
    line = subject.process.stdout.readline()
    reply: dict[str, Any] = json.loads(line) if line else {"error": "its process died"}
    if "error" in reply:
        raise UnmeasuredError(reply["error"])
    return reply
