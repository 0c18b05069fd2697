"""What a process decides about regions by itself while the store is gone, and whose word holds once it is back.

A state that was decided alone becomes everybody's where whoever has the lease then decided it, and nobody has written
another since the store went: that is one process that saw the outage of the store as all did, and not one that was cut
off from all. The others keep theirs for a moment, in which the store learns it, and then take what the store says.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from reliakit.failover.hooks import Command, HookResult
from reliakit.failover.recovery.state import RecoveryState

__all__ = ["GRACE", "Alone", "Ruling", "renamed", "results_of", "ruled"]

GRACE = 12.0
"""Seconds: a lease lapses within five, somebody asks for it within three, and each look takes one."""


@dataclass(frozen=True, slots=True)
class Alone:
    """Where a process stands by itself.

    Attributes:
        state: what it has decided.
        base: the version of the store's document when it began.
        moved: whether anything has happened beyond the counting of seconds.
        back: when the store was back, in monotonic seconds; None while it is gone.
        runs: ids of hooks -> ids under which this process runs them, which are of nobody else.
    """

    state: RecoveryState
    base: int
    moved: bool = False
    back: float | None = None
    runs: Mapping[str, str] = field(default_factory=dict)


class Ruling(StrEnum):
    """What becomes of a state that was decided alone."""

    KEPT = "kept"
    OFFERED = "offered"
    DROPPED = "dropped"


def ruled(alone: Alone, version: int, leads: bool, now: float) -> Ruling:
    """Returns what becomes of a state, now that the store is back.

    Args:
        alone: the state.
        version: of what the store has; 0 for nothing, as after it has lost everything.
        leads: whether this process decides for all.
        now: monotonic seconds.
    """
    if not alone.moved or (version and version != alone.base):
        return Ruling.DROPPED
    if leads:
        return Ruling.OFFERED
    since = now if alone.back is None else alone.back
    return Ruling.KEPT if now - since < GRACE else Ruling.DROPPED


def renamed(alone: Alone, commands: Iterable[Command], worker: str) -> tuple[Alone, list[Command]]:
    """Gives the runs of hooks names that no other process has: what one has done for itself, none has done for all."""
    own = [replace(each, id=f"{each.id}@{worker}") for each in commands]
    runs = {**alone.runs, **{each.id.removesuffix(f"@{worker}"): each.id for each in own}}
    return replace(alone, runs=runs), own


def results_of(runs: Mapping[str, str], results: Mapping[str, HookResult]) -> dict[str, HookResult]:
    """Returns results by the ids that decisions know."""
    return {**results, **{run: results[own] for run, own in runs.items() if own in results}}
