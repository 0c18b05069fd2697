"""MurmurHash3_x86_32, slowly and from its description: a second opinion on the C extension that the core uses.

Source: Austin Appleby, 2011, MurmurHash3 (public domain description of body, tail and finalisation).
"""

_MASK = 0xFFFFFFFF


def murmur3(data: bytes, seed: int) -> int:
    """Returns the unsigned 32-bit hash of `data`."""
    whole = len(data) // 4 * 4
    state = seed
    for start in range(0, whole, 4):
        state ^= _scrambled(int.from_bytes(data[start : start + 4], "little"))
        state = (_rotated(state, 13) * 5 + 0xE6546B64) & _MASK
    if len(data) > whole:
        state ^= _scrambled(int.from_bytes(data[whole:], "little"))
    return _finalised(state ^ len(data))


def _scrambled(block: int) -> int:
    return _rotated(block * 0xCC9E2D51 & _MASK, 15) * 0x1B873593 & _MASK


def _rotated(word: int, places: int) -> int:
    return (word << places | word >> (32 - places)) & _MASK


def _finalised(state: int) -> int:
    state = (state ^ state >> 16) * 0x85EBCA6B & _MASK
    state = (state ^ state >> 13) * 0xC2B2AE35 & _MASK
    return state ^ state >> 16
