"""What has to be true of workers among each other. Each function returns what is wrong, or None."""

from collections.abc import Sequence
from dataclasses import dataclass

from reliakit.core.bucketing import threshold
from reliakit.core.rollouts import Rollout, Split
from reliakit.rollouts.adoption import UNREPORTED
from reliakit.rollouts.state import RolloutState

__all__ = [
    "REACHED",
    "Decided",
    "definitions_do_not_fight",
    "everybody_agrees",
    "rollback_reaches_everybody",
    "somebody_decides",
    "weight_was_decided",
    "what_was_read_is_new",
]

REACHED = 20.0
"""Seconds in which a decision reaches everybody whom nothing keeps from the store."""
_SOON = 5.0
"""The same where nothing ever goes wrong."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What the store held from a moment on: no state after it has lost everything.

    Attributes:
        at: true time.
        version: of the document.
    """

    at: float
    version: int = 0
    state: RolloutState | None = None

    def splits(self, split: Split, *, stopped: bool) -> bool:
        """Whether a worker that knows this divides its requests so."""
        state = self.state
        if state is None or (state.stable, state.number) != (split.stable, split.number):
            return False
        return split.weight == (0.0 if stopped else state.weight)


def weight_was_decided(
    history: Sequence[Decided], split: Split, rollout: Rollout, initial: str, *, stopped: bool
) -> str | None:
    """The canary's share is one that was decided, and nobody's own invention."""
    if rollout.bound > threshold(split.weight):
        return f"{rollout.bound} buckets are more than {split.weight:g} %"
    if not split.number and not split.weight:
        return None if split.stable == initial else f"{split.stable} is stable from the start"
    if any(each.splits(split, stopped=stopped) for each in reversed(history)):
        return None
    return f"{split} is in force, and was never decided"


def what_was_read_is_new(history: Sequence[Decided], version: int, since: float) -> str | None:
    """After a flush a worker knows what the store held when it began."""
    newer = [each for each in history if each.at <= since]
    if not newer or newer[-1].state is None or version >= newer[-1].version:
        return None
    if any(each.at > newer[-1].at and each.version == version for each in history):
        return None
    return f"version {version} is in force, {newer[-1].version} was written at {newer[-1].at:.2f}"


def rollback_reaches_everybody(
    history: Sequence[Decided], split: Split, now: float, trouble: float
) -> str | None:
    """A canary that was taken back gets no requests from anybody who is in touch with the store."""
    if now - trouble < REACHED:
        return None
    then = [each.state for each in history if each.at <= now - REACHED]
    since = [each.state for each in history if each.at > now - REACHED]
    held = [state for state in (*then[-1:], *since) if state is not None]
    if any(state.weight > 0 or state.number != split.number for state in held) or not held:
        return None
    return (
        f"{split.weight:g} % go to the canary {REACHED:g} s after it was taken back" if split.weight else None
    )


def definitions_do_not_fight(before: RolloutState, now: RolloutState, silent: float) -> str | None:
    """A definition that was in force before wins again only after nobody reported the present one for a while."""
    if now.meaning == before.meaning or now.meaning not in before.seen or silent >= UNREPORTED - REACHED / 2:
        return None
    return f"an earlier definition won again {silent:.1f} s after the present one was reported"


def everybody_agrees(
    history: Sequence[Decided], splits: Sequence[Split], now: float, *, stopped: bool
) -> str | None:
    """When everything works again, all workers do what the store says, or has said a few seconds ago."""
    late = [
        *[each for each in history if each.at <= now - _SOON][-1:],
        *(each for each in history if each.at > now - _SOON),
    ]
    wrong = [split for split in splits if not any(each.splits(split, stopped=stopped) for each in late)]
    if not wrong or (history[-1].state is None and not any(split.weight for split in splits)):
        return None
    return f"{wrong[0]} is in force, and {history[-1]} was decided"


def somebody_decides(now: float, folded: float) -> str | None:
    """When everything works again, somebody folds."""
    return None if now - folded <= REACHED else f"nobody has folded for {now - folded:.1f} s"
