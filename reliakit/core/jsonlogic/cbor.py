"""The bytes of a value in deterministic CBOR, which flagd's second generation of bucketing hashes.

Keys of a mapping come in the order of their length first, whole floats of up to 64 bits as integers, and floats in
the shortest form that keeps them.

Source: Carsten Bormann and Paul Hoffman, 2013, RFC 7049, section 3.9.
"""

import struct
from typing import Any

from reliakit.core.jsonlogic.work import Work, spend

__all__ = ["encoded"]

_LOW, _HIGH = -(2**63), 2**64 - 1
_NAN = b"\xf9\x7e\x00"
_BYTES_A_STEP = 64


def encoded(value: Any, work: Work) -> bytes:
    """Returns the bytes of a value that JSON can hold.

    Raises:
        TypeError: it is of another kind.
        UnicodeEncodeError: a text in it holds half a surrogate pair.
        Exhausted: it is too large.
    """
    spend(work, 1)
    if value is None or value is True or value is False:
        return {None: b"\xf6", True: b"\xf5", False: b"\xf4"}[value]
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, int):
        return _integer(value)
    if isinstance(value, str):
        return _string(3, value.encode(), work)
    if isinstance(value, list | tuple):
        return _head(4, len(value)) + b"".join([encoded(item, work) for item in value])
    if isinstance(value, dict):
        return _mapping(value, work)
    raise TypeError("no value of JSON")


def _head(kind: int, size: int) -> bytes:
    if size < 24:
        return bytes([kind << 5 | size])
    for number, form in enumerate(("B", "H", "I", "Q")):
        if size < 1 << (8 << number):
            return struct.pack(f">B{form}", kind << 5 | 24 + number, size)
    raise TypeError("too large for a head")


def _string(kind: int, text: bytes, work: Work) -> bytes:
    spend(work, len(text) // _BYTES_A_STEP)
    return _head(kind, len(text)) + text


def _integer(value: int) -> bytes:
    kind, size = (0, value) if value >= 0 else (1, -1 - value)
    if size <= _HIGH:
        return _head(kind, size)
    digits = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes([0xC2 + kind]) + _head(2, len(digits)) + digits


def _float(value: float) -> bytes:
    if value.is_integer() and _LOW <= value <= _HIGH:
        return _integer(int(value))
    if value != value:
        return _NAN
    for head, form in ((0xF9, "e"), (0xFA, "f")):
        try:
            packed = struct.pack(f">B{form}", head, value)
        except OverflowError:
            continue
        if struct.unpack(f">{form}", packed[1:])[0] == value:
            return packed
    return struct.pack(">Bd", 0xFB, value)


def _mapping(value: dict[Any, Any], work: Work) -> bytes:
    pairs = [(encoded(key, work), encoded(item, work)) for key, item in value.items()]
    pairs.sort(key=lambda pair: (len(pair[0]), pair[0]))
    return _head(5, len(pairs)) + b"".join([key + item for key, item in pairs])
