"""Requests: who comes, where the real split sends them, and how they end, counted where the real request path counts."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import sin

from reliakit.core.bucketing import SPACE
from reliakit.core.outcome import FAILURES, Outcome
from reliakit.core.rollouts import Rollout, Slot, Sticky, assign
from reliakit.core.tally import Rows, Tallies, record
from reliakit.testing.simulation.chance import among, binomial, geometric
from reliakit.testing.simulation.served import Ledger, Life

__all__ = ["Conditions", "Traffic"]

_DURATIONS = (0.02, 0.08, 0.3)
_SHARES = (0.6, 0.3, 0.1)
_CANCELLED = 0.002
_HEAVY = 0.02
_USERS = 10_000_000


@dataclass(frozen=True, slots=True)
class Conditions:
    """What the traffic is like.

    Attributes:
        rps: requests a second of one worker, on average.
        base: error rate of stable (0 to 1).
        times: that of the canary, as a multiple.
        slower: durations of the canary, as a multiple.
        refused: rates of client errors of stable and canary.
        heavy: how many clients make a fiftieth of all requests each.
        retries: how often a client tries on average that fails.
        swing: by how much the number of requests goes up and down, as a share.
        outages: beginnings and ends of times in which a third of all requests fail, wherever they go.
        previews: forced requests of the canary, a second.
    """

    rps: float
    base: float
    times: float = 1.0
    slower: float = 1.0
    refused: tuple[float, float] = (0.01, 0.01)
    heavy: int = 0
    retries: float = 1.0
    swing: float = 0.0
    outages: tuple[tuple[float, float], ...] = ()
    previews: float = 0.0

    def errors(self, canary: bool, now: float) -> float:
        """Returns the error rate of a slot at a moment."""
        if any(start <= now < end for start, end in self.outages):
            return 0.3
        return min(0.95, self.base * (self.times if canary else 1.0))


class Traffic:
    """Serves requests.

    Args:
        chance: decides about them.
        conditions: what they are like.
        ledger: is told the truth.
        release: the slot that runs the new version.
    """

    def __init__(self, chance: random.Random, conditions: Conditions, ledger: Ledger, release: str) -> None:
        self._chance, self._conditions, self._ledger, self._release = chance, conditions, ledger, release
        self._robots = [f"robot-{chance.randrange(_USERS)}" for _ in range(conditions.heavy)]

    def serve(
        self, tallies: Tallies, life: Life, rollout: Rollout, number: int, now: float, seconds: float
    ) -> None:
        """Serves what comes to one worker in so many seconds."""
        for kind, slot, requests, keys in self._arriving(rollout, now, seconds):
            if requests:
                self._answer(tallies, life, (number, slot.name, kind), slot, requests, keys, now)

    def _arriving(
        self, rollout: Rollout, now: float, seconds: float
    ) -> Iterator[tuple[str, Slot, int, "_Keys"]]:
        """Yields (how they were assigned, slot, requests, who they may be)."""
        chance, asked = self._chance, self._conditions
        mean = asked.rps * (1 + asked.swing * sin(now / 20)) * seconds
        light = binomial(chance, round(2 * mean * (1 - _HEAVY * len(self._robots))), 0.5)
        canary = binomial(chance, light, rollout.bound / SPACE)
        yield "split", rollout.canary, canary, _Keys(chance, rollout, rollout.canary)
        yield "split", rollout.stable, light - canary, _Keys(chance, rollout, rollout.stable)
        for robot in self._robots:
            key = None if rollout.sticky is Sticky.NONE else robot
            slot = assign(rollout, key, chance.randrange(SPACE))
            yield (
                "split",
                slot,
                binomial(chance, round(2 * mean * _HEAVY), 0.5),
                _Keys(chance, rollout, slot, robot),
            )
        if asked.previews:
            previews = binomial(chance, round(2 * asked.previews * seconds), 0.5)
            yield "forced", rollout.canary, previews, _Keys(chance, rollout, rollout.canary)

    def _answer(
        self,
        tallies: Tallies,
        life: Life,
        place: tuple[int, str, str],
        slot: Slot,
        requests: int,
        keys: "_Keys",
        now: float,
    ) -> None:
        chance, asked = self._chance, self._conditions
        canary = slot.name == self._release
        row = slot.series[1 if place[2] == "forced" else 0]
        errors = binomial(chance, requests, asked.errors(canary, now))
        refused = binomial(chance, requests - errors, asked.refused[canary])
        left = binomial(chance, requests - errors - refused, _CANCELLED)
        ends = {Outcome.ERROR: errors, Outcome.CLIENT_ERROR: refused, Outcome.CANCELLED: left}
        ends[Outcome.SUCCESS] = requests - errors - refused - left
        for outcome in FAILURES:
            ends[outcome] = self._fail(tallies, row, outcome, ends[outcome], keys)
        for outcome, count in ends.items():
            self._ledger.serve(life, (*place, outcome.name.lower()), count)
            parts = among(chance, count, _SHARES) if count else ()
            for part, duration in zip(parts, _DURATIONS, strict=False):
                _record(tallies.local.rows, row, outcome, duration * (asked.slower if canary else 1.0), part)

    def _fail(self, tallies: Tallies, row: int, outcome: Outcome, clients: int, keys: "_Keys") -> int:
        """Lets so many clients fail, again and again where they retry; returns how many requests that were."""
        requests = 0
        for _ in range(clients):
            key, tries = keys.draw(), geometric(self._chance, self._conditions.retries)
            tallies.failed.extend([(row, key, outcome)] * tries)
            requests += tries
        return requests


@dataclass(slots=True)
class _Keys:
    """Who makes the requests that come to a slot."""

    chance: random.Random
    rollout: Rollout
    slot: Slot
    robot: str | None = None

    def draw(self) -> str:
        """Draws one of them, as the real request path would have assigned it."""
        if self.robot is not None:
            return self.robot
        divided = self.rollout.sticky is not Sticky.NONE and 0 < self.rollout.bound < SPACE
        while True:
            key = f"user-{self.chance.randrange(_USERS)}"
            if not divided or assign(self.rollout, key, 0) is self.slot:
                return key


def _record(rows: Rows, row: int, outcome: Outcome, seconds: float, count: int) -> None:
    """Records so many equal requests as if one by one."""
    if row not in rows:
        record(rows, row, outcome, seconds)
        count -= 1
    cells = rows[row]
    for cell, more in _cells(outcome, seconds):
        cells[cell] += more * count


@lru_cache(256)
def _cells(outcome: Outcome, seconds: float) -> tuple[tuple[int, float], ...]:
    rows: Rows = {}
    record(rows, 0, outcome, seconds)
    return tuple((cell, count) for cell, count in enumerate(rows[0]) if count)
