"""Weighted means of numbers too large to write down: everything is kept as logarithms."""

from collections.abc import Sequence
from functools import lru_cache
from math import exp, fsum, log

__all__ = ["LARGEST", "e_value", "log_mean", "log_mix", "log_plus", "log_uniform", "log_weights"]

LARGEST = 700.0
"""The logarithm above which an e-value is no longer told apart: exp overflows a little later."""


def log_mix(logs: Sequence[float], log_weights: Sequence[float]) -> float:
    """Returns ln sum_g w_g x_g from the logarithms of both; neither may be empty."""
    terms = [value + weight for value, weight in zip(logs, log_weights, strict=True)]
    most = max(terms)
    return most + log(fsum([exp(term - most) for term in terms]))


def log_mean(logs: Sequence[float]) -> float:
    """Returns the logarithm of the plain mean."""
    return log_mix(logs, log_uniform(len(logs)))


def log_plus(one: float, other: float) -> float:
    """Returns ln(x + y) from ln x and ln y."""
    return log_mix((one, other), (0.0, 0.0))


@lru_cache(64)
def log_uniform(size: int) -> tuple[float, ...]:
    """Returns the logarithms of equal weights."""
    return (-log(size),) * size


def log_weights(weights: Sequence[float]) -> tuple[float, ...]:
    """Returns the logarithms of weights, made to sum to 1."""
    total = fsum(weights)
    return tuple(log(weight / total) for weight in weights)


def e_value(log_e: float) -> float:
    """Returns E for people and records: finite, whatever the evidence."""
    return exp(min(LARGEST, log_e))
