"""flagd's `fractional`: variants by shares of all buckets, in both generations of its bucketing.

    {"fractional": [{"var": "email"}, ["red", 50], ["blue", 50]]}

    bucket = murmur3_x86_32(key, seed 0) * sum of weights >> 32

The first generation hashes the UTF-8 bytes of a text; without a first argument of its own, of the flag's key and the
targeting key put together. The second hashes any value as deterministic CBOR; without a first argument, the list of
flag key and targeting key. So the two send people to different variants.
"""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from mmh3 import hash as murmur3

from reliakit.core.bucketing import hashable
from reliakit.core.jsonlogic.cbor import encoded
from reliakit.core.jsonlogic.work import Exhausted, Logic, Work

__all__ = ["GENERATIONS", "Fractions", "Generation", "fractional", "settled"]

_MOST = 2**31 - 1
_UNKNOWN: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Fractions:
    """Variants and where the bucket of each ends, out of `total`."""

    variants: tuple[Any, ...]
    ends: tuple[int, ...]
    total: int

    @classmethod
    def of(cls, written: Sequence[Any]) -> "Fractions | None":
        """Reads `[variant, weight]` pairs; None where one is something else, or they weigh too much or nothing."""
        pairs = [_pair(each) for each in written]
        weights = [weight for _, weight in filter(None, pairs)]
        total = sum(weights)
        if None in pairs or not 0 < total <= _MOST:
            return None
        return cls(tuple(variant for variant, _ in filter(None, pairs)), tuple(accumulate(weights)), total)

    def draw(self, key: str | bytes) -> Any:
        """Returns the variant of whom the key stands for."""
        bucket = murmur3(key, 0, False) * self.total >> 32
        return self.variants[bisect_right(self.ends, bucket)]


def _pair(written: Any) -> tuple[Any, int] | None:
    if not isinstance(written, list | tuple) or len(written) not in (1, 2):
        return None
    weight = written[1] if len(written) == 2 else 1
    # A float is no weight, even a whole one: flagd has it so.
    if not isinstance(weight, int) or isinstance(weight, bool):
        return None
    return written[0], max(0, weight)


@dataclass(frozen=True, slots=True)
class Generation:
    """What is hashed.

    Attributes:
        own: whether a first argument says what to hash, and is no fraction.
        implied: what is hashed where none says so: (data) -> key, or None where there is nobody to tell apart.
        key: the bytes or text of what is hashed; None where it can't be hashed.
    """

    own: Callable[[Any], bool]
    implied: Callable[[Any], Any]
    key: Callable[[Any, Work], str | bytes | None]


def _joined(data: Any) -> str | None:
    key = data.get("targetingKey")
    return data.get("$flagd", _UNKNOWN).get("flagKey", "") + key if key else None


def _listed(data: Any) -> list[str] | None:
    key = data.get("targetingKey")
    named = isinstance(key, str) and key
    return [data.get("$flagd", _UNKNOWN).get("flagKey", ""), key] if named else None


def _text_key(value: str, work: Work) -> str | bytes | None:
    return hashable(value) if value else None


def _value_key(value: Any, work: Work) -> bytes | None:
    if value is None:
        return None
    try:
        return encoded(value, work)
    except Exhausted:
        raise
    except Exception:  # no value of JSON, so nothing that other languages could hash alike
        return None


GENERATIONS: dict[int, Generation] = {
    1: Generation(lambda first: isinstance(first, str), _joined, _text_key),
    2: Generation(lambda first: not isinstance(first, list | tuple), _listed, _value_key),
}
"""By their number in a definition. 1 is what flagd ships today."""


def fractional(generation: Generation) -> Callable[..., Any]:
    """Returns the operator; its answer is null where it can't tell."""

    def draw(data: Any, work: Work, *given: Any) -> Any:
        if not given:
            return None
        own = generation.own(given[0])
        value = given[0] if own else generation.implied(data)
        key = None if value is None else generation.key(value, work)
        fractions = Fractions.of(given[1:] if own else given) if key else None
        return fractions.draw(key) if key and fractions else None

    return draw


def settled(generation: Generation, first: Logic | None, written: Sequence[Any]) -> Logic:
    """Returns the operator for fractions that are written out, which is how nearly everybody has them.

    Args:
        generation: of the bucketing.
        first: what says what to hash; None where nothing does.
        written: the fractions.
    """
    general, fractions = fractional(generation), Fractions.of(written) or Fractions((), (), 0)
    variants, ends, total = fractions.variants, fractions.ends, fractions.total
    implied, own, key_of = generation.implied, generation.own, generation.key

    def draw(data: Any, work: Work) -> Any:
        value = implied(data) if first is None else first(data, work)
        if first is not None and value.__class__ is not str and not own(value):
            return general(data, work, value, *written)
        key = None if value is None else key_of(value, work)
        # `Fractions.draw` once more: a call less, in what most flags are evaluated for.
        return variants[bisect_right(ends, murmur3(key, 0, False) * total >> 32)] if key and total else None

    return draw
