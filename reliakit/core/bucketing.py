"""Deterministic buckets: the same key and salt give the same 32-bit number in every process and language.

    bucket = murmur3_x86_32(utf8(key), seed=salt)       salt = murmur3_x86_32(utf8(salt name), seed=0)

Both are unsigned. A share of p percent holds the buckets below `p / 100 * 2**32`, so a share that grows keeps
every key it had. Salting by seed, not by joining strings, builds no string per call.

Source: Austin Appleby, 2011, MurmurHash3.
"""

from typing import Any
from uuid import UUID

from mmh3 import hash as murmur3

__all__ = ["SPACE", "bucket", "hashable", "key_text", "salt", "threshold"]

SPACE = 2**32
"""How many buckets there are."""


def hashable(key: str) -> str | bytes:
    """Returns what mmh3 may be given for `key`.

    ASCII passes as it is (mmh3 encodes it faster than we can). Anything else is encoded here: mmh3 5.x crashes
    the process on a `str` that holds a lone surrogate.
    """
    return key if key.isascii() else key.encode("utf-8", "surrogatepass")


def bucket(key: str, seed: int) -> int:
    """Returns the bucket of `key`, 0 <= bucket < 2**32."""
    return murmur3(hashable(key), seed, False)


def salt(name: str) -> int:
    """Returns the seed for a salt name: by default the key of a flag or the name of a rollout."""
    return bucket(name, 0)


def threshold(percentage: float) -> int:
    """Returns the first bucket that is outside of a share of `percentage` (0 to 100)."""
    return round(percentage / 100 * SPACE)


def key_text(key: Any) -> str | None:
    """Returns the text that stands for a targeting key, or None where `key` can't be one.

    Integers and UUIDs go through `str`, so that `42` and `"42"` are the same user. A bool is refused: it is the
    habit of passing a default in second place; so is an integer too long for Python to write down.
    """
    if not isinstance(key, str | int | UUID) or isinstance(key, bool):
        return None
    try:
        return str(key)
    except ValueError:
        return None
