"""The tests of a release as sums of terms, for questions about a whole distribution of releases.

While the canary's share of the requests stays the same, the logarithm of each part of a mixture is linear in three
counts: requests, errors of the canary, errors of stable. A few multiplications then tell whether a limit is reached.
"""

from dataclasses import dataclass
from math import exp, log

from reliakit.rollouts.errors import FLOOR_TIMES, RollbackRule, ratio_weights
from reliakit.rollouts.lattice import above, below, log_pooled, log_ratio
from reliakit.rollouts.promotion import FLOOR_SHARES, PromotionRule

__all__ = ["Limit", "Term", "promotion_limits", "rollback_limits"]


@dataclass(frozen=True, slots=True)
class Term:
    """The logarithm of one part of a mixture: what it starts with, and what each request and each error adds.

    Attributes:
        start: the logarithm of its weight.
        request: for a request of either slot.
        canary, stable: for an error of each.
    """

    start: float
    request: float = 0.0
    canary: float = 0.0
    stable: float = 0.0

    def after(self, requests: float, canary: float, stable: float) -> float:
        """Returns it after so many requests of both slots, and errors of each."""
        return self.start + self.request * requests + self.canary * canary + self.stable * stable


@dataclass(frozen=True, slots=True)
class Limit:
    """A test whose E is a sum of terms.

    Attributes:
        terms: all of them.
        log_limit: the logarithm of the E that is enough.
        fewer: whether few errors of the canary reach it, as with a test in its favour.
    """

    terms: tuple[Term, ...]
    log_limit: float
    fewer: bool

    def reached(self, requests: float, canary: float, stable: float) -> bool:
        """Whether E is enough after so many requests of both slots, and errors of each."""
        total = 0.0
        for term in self.terms:
            more = term.after(requests, canary, stable)
            if more >= self.log_limit:
                return True
            total += exp(more - self.log_limit)
        return total >= 1


def promotion_limits(rule: PromotionRule, share: float) -> tuple[Limit, ...]:
    """Returns the test that lets a step end, for this share (0 to 1) of the requests."""
    alternatives = below(rule.base)
    parts = 1 if rule.floor is None else 2
    ratio = [_ratio(rho, rule.base, share, -log(parts * len(alternatives))) for rho in alternatives]
    weight = -log(parts * len(FLOOR_SHARES))
    floor = [] if rule.floor is None else [_alone(part, rule.floor, share, weight) for part in FLOOR_SHARES]
    return (Limit((*ratio, *floor), rule.log_limit, fewer=True),)


def rollback_limits(rule: RollbackRule, share: float) -> tuple[Limit, ...]:
    """Returns the tests that roll back, all of which must be reached.

    Only the first epoch: what later ones add depends on the path, and not on the counts alone. A regression that takes
    several of them (50,000 requests each) is found sooner than these say, by up to a quarter.
    """
    alternatives = zip(above(rule.base), ratio_weights(rule.base), strict=True)
    ratio = [_ratio(rho, rule.base, share, weight - log(2)) for rho, weight in alternatives]
    rest = Term(-log(2))
    limits = [Limit((*ratio, rest), rule.log_limit, fewer=False)]
    if rule.floor is not None:
        weight = -log(2 * len(FLOOR_TIMES))
        alone = [_alone(times, rule.floor, share, weight) for times in FLOOR_TIMES]
        limits.append(Limit((*alone, rest), rule.log_limit, fewer=False))
    return tuple(limits)


def _ratio(rho: int, base: int, share: float, weight: float) -> Term:
    """The part that speaks for the canary failing rho times as often as stable, against `base` times."""
    pooled = log_pooled(share)
    either = pooled[base] - pooled[rho]
    return Term(weight, canary=log_ratio(rho, base) + either, stable=either)


def _alone(times: float, floor: float, share: float, weight: float) -> Term:
    """The part that speaks for an error rate of so many times the floor, from the canary's counts alone."""
    fine = log((1 - times * floor) / (1 - floor))
    return Term(weight, request=share * fine, canary=log(times) - fine)
