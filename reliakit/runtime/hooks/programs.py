"""A program that runs beside us: waited for on a thread of its own, killed with what it has started, and never a shell.

Not asyncio's subprocesses: they need a watcher of children that some servers' loops lack beside the main thread. What a
program prints goes to a file without a name, and not to a pipe: where we are killed it writes on and does its work to
the end, and what it leaves running keeps nobody waiting.
"""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from reliakit.failover.hooks import HookResult
from reliakit.runtime.blocking import fulfil
from reliakit.runtime.webhooks import shown

__all__ = ["Program"]

_KINDNESS = 2.0
"""Seconds between the request to end and the end."""
_GEVENT = (
    "gevent has replaced `subprocess` here; patch with monkey.patch_all(subprocess=False), or call a webhook"
)
_LAST = 4_096
"""Bytes of output that are looked at for the last line."""


class Program:
    """One program, to be run once.

    Args:
        arguments: the program and what it is given. They may hold secrets, and are in no message.
        environ: of it, beside our own.
        folder: in which it runs.
        timeout: in seconds, after which it is killed, with all that it has started.
    """

    def __init__(
        self, arguments: Sequence[str], environ: Mapping[str, str], folder: Path, timeout: float
    ) -> None:
        self._arguments, self._folder, self._timeout = arguments, folder, timeout
        self._environ = {**os.environ, **environ}
        self._process: subprocess.Popen[bytes] | None = None
        self._unwanted = False

    async def run(self) -> HookResult:
        """Runs it to its end; where this is cancelled, the program ends too."""
        future: Future[HookResult] = Future()
        thread = threading.Thread(target=fulfil, args=(future, self._run), name="reliakit-hook", daemon=True)
        thread.start()
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            self._end()
            raise

    def _run(self) -> HookResult:
        if _replaced():
            return HookResult(False, _GEVENT)
        with tempfile.TemporaryFile() as output:
            try:
                process = self._process = self._started(output)
            except (OSError, ValueError) as failed:
                why = failed.strerror if isinstance(failed, OSError) else "a text of it can't be an argument"
                return HookResult(False, f"it could not be started: {why}")
            if self._unwanted:  # since before it was there to be killed
                self._end()
            status = self._waited(process)
            said = _last_line(output)
        if status is None:
            return HookResult(False, f"killed after {self._timeout:g} s" + (f": {said}" if said else ""))
        return HookResult(status == 0, said or _meaning(status))

    def _started(self, output: BinaryIO) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - whoever writes the definitions says what is run
            self._arguments,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=self._folder,
            env=self._environ,
            start_new_session=True,
        )

    def _waited(self, process: subprocess.Popen[bytes]) -> int | None:
        """Returns the exit status; None where it was killed for taking too long."""
        try:
            return process.wait(self._timeout)
        except subprocess.TimeoutExpired:
            _signal(process, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_KINDNESS)
        _signal(process, signal.SIGKILL)
        process.wait()
        return None

    def _end(self) -> None:
        self._unwanted = True
        process = self._process
        if process is not None and process.returncode is None:
            _signal(process, signal.SIGKILL)


def _replaced() -> bool:
    """Whether gevent has replaced `subprocess`: its own starts programs on the main thread alone, and the engine is not
    there.
    """
    patched = sys.modules.get("gevent.monkey")
    return patched is not None and bool(patched.is_module_patched("subprocess"))


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Reaches the whole group, which may outlive its leader."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _last_line(output: BinaryIO) -> str:
    output.seek(max(0, output.seek(0, os.SEEK_END) - _LAST))
    lines = output.read().decode(errors="replace").splitlines()
    return next((shown(line) for line in reversed(lines) if line.strip()), "")


def _meaning(status: int) -> str:
    if status >= 0:
        return f"exit status {status}"
    return f"it was killed by {signal.Signals(-status).name}"
