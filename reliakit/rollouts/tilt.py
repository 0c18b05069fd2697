"""The rank part: does the canary tend to be slower, over the whole distribution?

    R_b = 1 + lambda x_b        l = sum_b c_b ln R_b - (c_b + s_b) ln(f R_b + 1 - f)

x_b is the score of bin b, in [-1, 1] and rising with the duration: 2 F_s(b) - 1 for stable's frozen distribution.
Where the canary is not slower, E[exp l] <= 1 for every lambda > 0; where it is not faster, for every lambda < 0.

Source: Shekhar & Ramdas 2023, Nonparametric two-sample testing by betting.
"""

from collections.abc import Sequence
from math import log1p

from reliakit.rollouts.durations import Durations

__all__ = ["LAMBDAS", "log_tilts"]

LAMBDAS = (0.05, 0.1, 0.2, 0.4, 0.8)


def log_tilts(block: Durations, scores: Sequence[float], lambdas: Sequence[float]) -> tuple[float, ...]:
    """Returns l for each lambda; both slots must have requests."""
    n_c, n_s = sum(block.canary.values()), sum(block.stable.values())
    f = n_c / (n_c + n_s)
    bins = [
        (scores[number], block.canary.get(number, 0), block.stable.get(number, 0))
        for number in sorted({*block.canary, *block.stable})
    ]
    return tuple(_log_tilt(bins, f, tilt) for tilt in lambdas)


def _log_tilt(bins: list[tuple[float, int, int]], f: float, tilt: float) -> float:
    # f R + 1 - f = 1 + f lambda x: nothing is lost to rounding where lambda x is small.
    return sum(c * log1p(tilt * x) - (c + s) * log1p(f * tilt * x) for x, c, s in bins)
