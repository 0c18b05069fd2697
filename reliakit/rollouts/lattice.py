"""The ratios that tests know: powers of 2^(1/4) from 1/64 to 64.

On a fixed lattice the evidence for *every* ratio takes 49 sums, whatever tolerance is asked about later.
"""

from functools import lru_cache
from math import ceil, floor, log, log2

__all__ = ["MIDDLE", "RATIOS", "above", "below", "log_pooled", "log_ratio", "snapped_down", "snapped_up"]

MIDDLE = 24
"""The index of the ratio 1."""
_PER_DOUBLING = 4
_LOG_STEP = log(2) / _PER_DOUBLING
_ROUNDING = 1e-9
RATIOS: tuple[float, ...] = tuple(
    2.0 ** ((index - MIDDLE) / _PER_DOUBLING) for index in range(2 * MIDDLE + 1)
)
_LAST = len(RATIOS) - 1
_UP = (1, *range(2, 25, 2))
_DOWN = (2, 4, 6, 8, 10)


def snapped_up(ratio: float) -> int:
    """Returns the index of the first lattice ratio that is not below `ratio`.

    Raises:
        ValueError: it is not from 1/64 to 64.
    """
    return MIDDLE + ceil(_steps(ratio) - _ROUNDING)


def snapped_down(ratio: float) -> int:
    """Returns the index of the last lattice ratio that is not above `ratio`; raises as `snapped_up` does."""
    return MIDDLE + floor(_steps(ratio) + _ROUNDING)


def _steps(ratio: float) -> float:
    if not RATIOS[0] * (1 - _ROUNDING) <= ratio <= RATIOS[-1] * (1 + _ROUNDING):
        raise ValueError(f"a ratio is from 1/64 to 64, not {ratio:g}")
    return _PER_DOUBLING * log2(ratio)


@lru_cache(len(RATIOS))
def above(index: int) -> tuple[int, ...]:
    """Returns the alternatives to a ratio from above: it times 2^(1/4), 2^(1/2), 2, 2^1.5 .. 2^6, up to 64."""
    return tuple(index + steps for steps in _UP if index + steps <= _LAST)


@lru_cache(len(RATIOS))
def below(index: int) -> tuple[int, ...]:
    """Returns the alternatives from below: it times 2^(-1/2), 2^-1 .. 2^-2.5, down to 1/64."""
    return tuple(index - steps for steps in _DOWN if index - steps >= 0)


def log_ratio(index: int, base: int) -> float:
    """Returns the logarithm of one lattice ratio over another."""
    return (index - base) * _LOG_STEP


@lru_cache(64)
def log_pooled(f: float) -> tuple[float, ...]:
    """Returns ln(f x + 1 - f) for every lattice ratio x.

    That is the error rate of a whole block over stable's, were the canary's x times stable's. Every test of a fold
    asks for the same few shares, so they are remembered.
    """
    rest = 1 - f
    return tuple(log(f * ratio + rest) for ratio in RATIOS)
