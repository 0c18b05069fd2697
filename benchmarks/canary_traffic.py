"""Simulated traffic to two slots: seeded, in blocks, with drifting rates and clients who try again."""

import random
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from math import exp, lgamma, log, log1p
from typing import Literal

from reliakit.rollouts.blocks import Block
from reliakit.rollouts.bursts import Incidents, bit_of

__all__ = ["LADDER", "Scenario", "Traffic"]

LADDER = (0.05, 0.10, 0.20, 0.40, 0.80)
_WINDOW = 60
"""Blocks for each incident window."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """Traffic to two slots.

    Attributes:
        base: stable's error rate.
        times: the canary's, as a multiple of it.
        size: requests in a block.
        drift: factor for both rates after so many requests.
        outage: share of the requests of both that fail whoever serves them, after so many requests.
        share: the canary's real share over its nominal one.
        burst: failed requests that follow each other from one client, on average; 1 for none.
        workers: over which they are spread.
        deduplicated: by bitmaps that are joined, by each worker alone, or not at all.
        ladder: the weights.
        rolls_back: False to watch promotion alone.
    """

    name: str
    target: str
    base: float
    times: float = 1.0
    size: int = 400
    drift: Callable[[int], float] = lambda requests: 1.0
    outage: Callable[[int], float] = lambda requests: 0.0
    share: float = 1.0
    burst: float = 1.0
    workers: int = 1
    deduplicated: Literal["joined", "alone", "no"] = "joined"
    ladder: tuple[float, ...] = LADDER
    rolls_back: bool = True


class Traffic:
    """Makes blocks; counts what it has made."""

    def __init__(self, scenario: Scenario, chance: random.Random) -> None:
        self._scenario, self._chance = scenario, chance
        self._clients = _Clients(scenario, chance) if scenario.burst > 1 else None
        self.requests = self.failed = 0

    def block(self, weight: float) -> Block:
        scenario, chance = self._scenario, self._chance
        n_c = min(scenario.size - 1, max(1, _binomial(chance, scenario.size, weight * scenario.share)))
        rate = scenario.base * scenario.drift(self.requests)
        fine = 1.0 - scenario.outage(self.requests)
        e_c = _binomial(chance, n_c, 1.0 - (1.0 - min(1.0, rate * scenario.times)) * fine)
        e_s = _binomial(chance, scenario.size - n_c, 1.0 - (1.0 - rate) * fine)
        self.requests += scenario.size
        self.failed += e_c
        block = Block(n_c, scenario.size - n_c, e_c, e_s)
        return self._clients.angered(block) if self._clients else block


class _Clients:
    """Clients who try again when they have failed, on the slot that they stick to and on any worker."""

    def __init__(self, scenario: Scenario, chance: random.Random) -> None:
        self._scenario, self._chance, self._now = scenario, chance, 0
        self._retries: dict[int, list[tuple[int, str]]] = {}
        self._bitmaps: list[list[set[int]]] = []
        alone = scenario.deduplicated == "alone"
        self._counting = [Incidents()] * (scenario.workers if alone else 1)

    def angered(self, block: Block) -> Block:
        """Returns the block with the retries that fall into it, its errors counted as the scenario wants."""
        if self._now % _WINDOW == 0:
            self._bitmaps = [[set(), set()] for _ in range(self._scenario.workers)]
        retries = self._retries.pop(self._now, [])
        fresh = [(slot, str(self._chance.random())) for slot in [0] * block.e_c + [1] * block.e_s]
        for slot, key in [*retries, *fresh]:
            self._failed(slot, key)
        more = [sum(slot == which for slot, _ in retries) for which in (0, 1)]
        raw = Block(block.n_c + more[0], block.n_s + more[1], block.e_c + more[0], block.e_s + more[1])
        counted = raw if self._scenario.deduplicated == "no" else self._deduplicated(raw)
        self._now += 1
        return counted

    def _failed(self, slot: int, key: str) -> None:
        bitmaps = self._bitmaps[self._chance.randrange(self._scenario.workers)]
        bitmaps[slot].add(bit_of(key, self._now // _WINDOW))
        if self._chance.random() < 1 - 1 / self._scenario.burst:
            later = self._now + self._chance.randint(1, 3)
            self._retries.setdefault(later, []).append((slot, key))

    def _deduplicated(self, raw: Block) -> Block:
        errors = [0, 0]
        joined = [[set[int]().union(*slot) for slot in zip(*self._bitmaps, strict=True)]]
        sources = self._bitmaps if self._scenario.deduplicated == "alone" else joined
        for number, (canary, stable) in enumerate(sources):
            window = self._now // _WINDOW
            self._counting[number], fresh = self._counting[number].fresh(window, len(canary), len(stable))
            errors = [total + more for total, more in zip(errors, fresh or (0, 0), strict=True)]
        return Block(raw.n_c, raw.n_s, min(errors[0], raw.n_c), min(errors[1], raw.n_s))


def _binomial(chance: random.Random, n: int, p: float) -> int:
    return bisect_left(_cumulative(n, p), chance.random())


@lru_cache(1 << 15)
def _cumulative(n: int, p: float) -> list[float]:
    """The distribution function up to where it is 1 for all that a float can tell. (3.11 has no binomialvariate.)"""
    if p in (0.0, 1.0):
        return [0.0] * n + [1.0] if p else [1.0]
    return list(accumulate(_probabilities(n, p)))


def _probabilities(n: int, p: float) -> Iterator[float]:
    for k in range(n):
        ways = lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
        probability = exp(ways + k * log(p) + (n - k) * log1p(-p))
        yield probability
        if k > n * p and probability < 1e-18:
            return
