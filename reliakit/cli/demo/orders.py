"""The orders that the demo gives: the commands that a person would type."""

import asyncio
import shlex
import sys
from asyncio.subprocess import PIPE
from contextlib import suppress
from pathlib import Path

from reliakit.cli.demo.flags_file import ROLLOUT
from reliakit.cli.demo.server import environment
from reliakit.cli.demo.shop import GREEN
from reliakit.cli.printing import Failure

__all__ = ["NAME", "start", "typed"]

NAME = "the demo"
"""Under which the journal knows who gave the orders."""


async def start(version: str, file: Path) -> None:
    """Starts a release of a version in the green slot.

    Raises:
        Failure: the command refused.
    """
    order = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "reliakit", *_words(version, file), "--as", NAME),
        env=environment(file.parent),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
        start_new_session=True,  # so that Ctrl-C reaches only us
    )
    try:
        _, said = await order.communicate()
    finally:
        with suppress(ProcessLookupError):
            order.kill()
    if order.returncode:
        raise Failure(f"{typed(version, file)}: {said.decode('utf-8', 'replace').strip()}")


def typed(version: str, file: Path) -> str:
    """Returns the order as a person types it."""
    return shlex.join(["reliakit", *_words(version, file)])


def _words(version: str, file: Path) -> tuple[str, ...]:
    return ("rollout", "start", ROLLOUT, "--to", GREEN, "--version", version, "--file", str(file))
