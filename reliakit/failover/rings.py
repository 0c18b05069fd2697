"""Ring hash: who has the same key goes to the same endpoint, and few move where one comes or leaves.

A ring depends on addresses and weights alone, so it is built once for a definition; what is not available is left out
of it, and then only those move who were there. Every process and every version builds the same one:

    points of an endpoint = the four 32-bit words of murmur3_x64_128(address + "_" + number), for number 0, 1, 2, ...
    place of a key        = murmur3_x86_32(key, seed=0), and the first point at or after it
"""

from collections.abc import Collection, Sequence
from itertools import chain, islice
from math import floor, log2
from struct import unpack

from mmh3 import hash_bytes

from reliakit.core.bucketing import hashable
from reliakit.failover.endpoints import Endpoint

__all__ = ["LARGEST_RING", "OWNER", "PLACE", "Ring", "ring", "ring_of"]

LARGEST_RING = 16_384
"""Points on a ring, about. Envoy's 8 million would take seconds to build, and this many some milliseconds."""
_POINTS = 128
"""Points of an endpoint of mean weight: shares then differ by a tenth. Envoy divides a size among all endpoints, so that
each gives points away when one comes, and people move who need not."""
PLACE = 20
"""Where the place of a point begins, in bits; below is the number of its endpoint."""
OWNER = (1 << PLACE) - 1

Ring = tuple[int, ...]
"""Points in order."""


def ring(endpoints: Sequence[Endpoint]) -> Ring:
    """Returns the ring of an upstream, which may have a million endpoints at most."""
    each = _each(endpoints)
    points = [
        point << PLACE | number
        for number, endpoint in enumerate(endpoints)
        for point in _points(endpoint.address, max(1, round(endpoint.weight * each)))
    ]
    points.sort()
    return tuple(points)


def _each(endpoints: Sequence[Endpoint]) -> float:
    """Points for a weight of 1. Only powers of two come between, so that it stays what it is while a fleet grows a bit."""
    weight = sum(endpoint.weight for endpoint in endpoints) or 1.0
    mean = weight / max(1, len(endpoints))
    return 2.0 ** min(round(log2(_POINTS / mean)), floor(log2(LARGEST_RING / weight)))


def ring_of(whole: Ring, members: Collection[int]) -> Ring:
    """Returns what is left of a ring when only some endpoints may be asked."""
    among = frozenset(members)
    return tuple([point for point in whole if point & OWNER in among])


def _points(address: str, count: int) -> Sequence[int]:
    # One hash of 128 bits is four points: hashing is most of what a ring costs.
    hashes = (hash_bytes(hashable(f"{address}_{number}")) for number in range(-(-count // 4)))
    return list(islice(chain.from_iterable(unpack("<4I", each) for each in hashes), count))
