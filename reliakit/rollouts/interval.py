"""How many times as often the canary fails: an estimate, and an interval that may be looked at any time.

A bound is the last ratio of the lattice that the evidence refutes, coming from its side. Each side spends half of
alpha, and over the whole release the interval misses the truth, ever, with probability alpha at most. It stops at
the first ratio that is not refuted: were it to skip one, several ratios could be wrong together.

Source: Waudby-Smith & Ramdas 2024, Estimating means of bounded random variables by betting (confidence sequences
from tests).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile
from math import exp, log

from reliakit.rollouts.lattice import RATIOS, above, below, log_ratio
from reliakit.rollouts.mixtures import log_mix, log_weights
from reliakit.rollouts.ratio import RatioEvidence

__all__ = ["Estimate", "estimated"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """The canary's error rate over stable's.

    Attributes:
        ratio: the likeliest, from 1/64 to 64; None where nobody has failed yet.
        low: it is at least that; None where nothing is known.
        high: it is at most that; None where nothing is known.
        confidence: with which both hold, at all times together.
    """

    ratio: float | None
    low: float | None
    high: float | None
    confidence: float = 0.95


def estimated(evidence: RatioEvidence, confidence: float = 0.95) -> Estimate:
    """Returns what the evidence says about the ratio."""
    limit = log(2 / (1 - confidence))
    everything = range(len(RATIOS))
    low = _last_refuted(evidence, everything, above, limit)
    high = _last_refuted(evidence, reversed(everything), below, limit)
    return Estimate(_likeliest(evidence), low, high, confidence)


def _last_refuted(
    evidence: RatioEvidence,
    bases: Iterable[int],
    alternatives: Callable[[int], tuple[int, ...]],
    limit: float,
) -> float | None:
    def refuted(base: int) -> bool:
        return _log_e(evidence, base, alternatives(base)) >= limit

    found = list(takewhile(refuted, bases))
    return RATIOS[found[-1]] if found else None


def _log_e(evidence: RatioEvidence, base: int, rhos: tuple[int, ...]) -> float:
    if not rhos:  # at the end of the lattice nothing is left to compare with, hence nothing to refute it by
        return 0.0
    return log_mix([evidence.log_likelihood(rho, base) for rho in rhos], _weights(base, rhos))


@lru_cache(4 * len(RATIOS))
def _weights(base: int, rhos: tuple[int, ...]) -> tuple[float, ...]:
    return log_weights([exp(-abs(log_ratio(rho, base)) / 2) for rho in rhos])


def _likeliest(evidence: RatioEvidence) -> float | None:
    """The conditional maximum of the likelihood over all blocks.

    Not the ratio of summed rates: where weight and base rate both change, that compares the canary's late hours
    with stable's early ones (Simpson's paradox). Between lattice points a parabola is laid through three.
    """
    if not evidence.counts.errors:
        return None
    heights = [evidence.log_likelihood(index, 0) for index in range(len(RATIOS))]
    top = max(range(len(RATIOS)), key=heights.__getitem__)
    if top in (0, len(RATIOS) - 1):
        return RATIOS[top]
    left, peak, right = heights[top - 1 : top + 2]
    bend = left - 2 * peak + right
    shift = 0.5 * (left - right) / bend if bend else 0.0
    return RATIOS[top] * exp(shift * log_ratio(1, 0))
