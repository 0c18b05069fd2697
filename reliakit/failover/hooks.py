"""Hooks: what somebody else does for us, a command or a webhook. Here is only when, how often, and for how long.

A decision names the run that it waits for, again and again, until somebody has seen its result: whoever carries hooks
out starts each run once, by its id. So a decision that was made before a crash is not lost after it, and not done twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

__all__ = ["Command", "Hook", "HookResult", "Progress", "Run", "followed"]

_GRACE = 5.0
"""Seconds beyond a timeout after which a run counts as failed without a result: whoever ran it may be gone."""


@dataclass(frozen=True, slots=True)
class Hook:
    """One hook.

    Attributes:
        name: what it is called in the definitions, where it says what it does.
        timeout: seconds for one attempt.
        attempts: how often it is tried.
        alone: whether each process may run it by itself while the store is gone: it does no harm twice.
    """

    name: str
    timeout: float = 60.0
    attempts: int = 3
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """An attempt that is under way.

    Attributes:
        purpose: names it within its incident or replacement.
        series: tells it from those for the same purpose that have ended before.
        attempt: 1 for the first.
        waited: seconds since it was begun.
    """

    purpose: str
    series: int
    attempt: int = 1
    waited: float = 0.0

    def id(self, scope: str) -> str:
        """Returns its id: the scope names the incident or replacement, and is of no other."""
        return f"{scope}/{self.purpose}/{self.series}.{self.attempt}"


@dataclass(frozen=True, slots=True)
class Command:
    """What whoever carries out decisions has to run, once for each id.

    Attributes:
        id: the same for the same run, in every process and after every crash.
        hook: which.
        target: the region or the address that it is about.
        verb: what it is for, such as `prepare` or `replace`.
        attempt: 1 for the first.
    """

    id: str
    hook: Hook
    target: str
    verb: str
    attempt: int


@dataclass(frozen=True, slots=True)
class HookResult:
    """How a run ended; `said` is its last line, for people."""

    good: bool
    said: str = ""


class Progress(StrEnum):
    """How far a hook is."""

    WAITING = "waiting"
    DONE = "done"
    AGAIN = "again"
    FAILED = "failed"


def followed(
    hook: Hook, run: Run, scope: str, results: Mapping[str, HookResult], elapsed: float
) -> tuple[Run, Progress, str]:
    """Follows a run for some seconds.

    Args:
        hook: which.
        run: as it was.
        scope: of its id.
        results: id -> how it ended.
        elapsed: seconds since it was looked at.

    Returns:
        The run that is under way now, how far the hook is, and what was said where a run has ended.
    """
    run = replace(run, waited=run.waited + elapsed)
    result = results.get(run.id(scope))
    if result is None and run.waited < hook.timeout + _GRACE:
        return run, Progress.WAITING, ""
    if result is not None and result.good:
        return run, Progress.DONE, result.said
    said = result.said if result else f"no result within {hook.timeout:g} s"
    if run.attempt >= hook.attempts:
        return run, Progress.FAILED, said
    return Run(run.purpose, run.series, run.attempt + 1), Progress.AGAIN, said
