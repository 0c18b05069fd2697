"""A million keys: shares are as large as they say, and decisions do not lean on each other.

The keys are fixed, so these tests pass or fail for good; the limits are those that chance alone would break once in
tens of thousands of runs.
"""

from array import array
from bisect import bisect_left
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from math import sqrt
from uuid import UUID

import pytest

from reliakit.core.bucketing import SPACE, bucket, key_text, salt, threshold
from reliakit.core.rollouts import assign
from tests.core.compiled import ask, snapshot

_KEYS = 1_000_000
_SIGMAS = 4.5
_CHI_SQUARE = 15.14
"""One degree of freedom, exceeded by chance once in 10,000 times."""

_PERCENTAGES = (0.001, 0.1, 1, 5, 10, 25, 33.3, 50, 75, 90, 99.9, 99.999)

_KINDS: tuple[Callable[[int], object], ...] = (
    lambda n: n,
    lambda n: f"{n:07}",
    lambda n: f"user-{n}@example.com",
    lambda n: UUID(int=n * 0x9E3779B97F4A7C15F39CC0605CEDC834 % 2**128),
    lambda n: f"посетитель {n}",
    lambda n: f"{n}🦊",
    lambda n: f"{n:x}" + "x" * 300,
    lambda n: chr(0x4E00 + n // 8 % 20_000) + chr(0x4E00 + n // 160_000),
)


@cache
def _keys() -> list[str]:
    """A million different targeting keys: numbers, numbers as text, UUIDs, short, long, in several scripts."""
    keys = [key_text(_KINDS[n % len(_KINDS)](n)) for n in range(_KEYS)]
    assert None not in keys
    assert len(set(keys)) == _KEYS
    return [key for key in keys if key is not None]


@cache
def _places(name: str) -> "array[int]":
    seed = salt(name)
    return array("L", (bucket(key, seed) for key in _keys()))


@pytest.fixture(scope="module", autouse=True)
def _forget():
    """Gives the memory back to the tests that follow."""
    yield
    _keys.cache_clear()
    _places.cache_clear()


def _chi_square(first: list[bool], second: list[bool]) -> float:
    """Pearson's test of a table of two by two, without correction."""
    total, ones, others = len(first), sum(first), sum(second)
    both = sum(map(bool.__and__, first, second))
    spread = ones * (total - ones) * others * (total - others)
    return total * (both * total - ones * others) ** 2 / spread


@pytest.mark.parametrize("name", ["new_checkout", "shop", "a", "флаг"])
def test_each_percentage_is_hit_within_its_binomial_error(name):
    """Otherwise a release at 1 % would load the canary with some other share."""
    places = sorted(_places(name))
    for percentage in _PERCENTAGES:
        share = percentage / 100
        error = abs(bisect_left(places, threshold(percentage)) - _KEYS * share)
        assert error <= _SIGMAS * sqrt(_KEYS * share * (1 - share)), percentage


@pytest.mark.parametrize("kind", range(len(_KINDS)))
def test_keys_of_one_kind_alone_are_spread_evenly(kind):
    """Otherwise a service whose ids are all numbers, or all long, would get another share than it asked for."""
    places = sorted(_places("new_checkout")[kind :: len(_KINDS)])
    expected = len(places) / 64
    cuts = [bisect_left(places, SPACE // 64 * edge) for edge in range(65)]
    uneven = sum((high - low - expected) ** 2 / expected for low, high in pairwise(cuts))
    # Chi-square of 63 degrees of freedom: mean 63, variance 126.
    assert abs(uneven - 63) < _SIGMAS * sqrt(126)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("new_checkout", "shop"),
        ("new_checkout", "new_checkout2"),
        ("a", "b"),
        ("flag-1", "flag-2"),
        ("banner", "флаг"),
    ],
)
@pytest.mark.parametrize("percentages", [(50, 50), (10, 10), (1, 50)])
def test_two_flags_are_independent(one, other, percentages):
    """Otherwise the same people would get everything new, and experiments would measure each other."""
    first, second = (
        [place < threshold(percentage) for place in _places(name)]
        for name, percentage in zip((one, other), percentages, strict=True)
    )
    assert _chi_square(first, second) < _CHI_SQUARE


def test_a_flag_and_a_rollout_are_independent_as_compiled():
    """Otherwise a canary would be judged by the users of one flag, not by a fair share of all."""
    slots = {"blue": {"upstream": "app"}, "green": {"upstream": "app"}}
    rollouts = {"new_checkout": {"slots": slots, "initial": "blue", "weight": 20}}
    compiled = snapshot({"flags": {"new_checkout": {"percentage": 10}}, "rollouts": rollouts})
    rollout = compiled.rollouts["new_checkout"]
    flagged = [bool(ask(compiled.flags, "new_checkout", key, {}).value) for key in _keys()]
    released = [assign(rollout, key, 0) is rollout.canary for key in _keys()]
    assert abs(sum(flagged) - 100_000) < _SIGMAS * sqrt(90_000)
    assert abs(sum(released) - 200_000) < _SIGMAS * sqrt(160_000)
    assert _chi_square(flagged, released) < _CHI_SQUARE


def test_the_test_of_independence_would_notice_a_shared_salt():
    """Otherwise the two tests above could not fail."""
    first = [place < threshold(10) for place in _places("shop")]
    second = [place < threshold(20) for place in _places("shop")]
    assert _chi_square(first, second) > 100 * _CHI_SQUARE
