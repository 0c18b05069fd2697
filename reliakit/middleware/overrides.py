"""Overrides that travel with a request: one header or cookie forces slots and flags, if it is signed.

X-Reliakit-Override: slot.shop=green&flag.new_checkout=on             where the environment allows unsigned ones
X-Reliakit-Override: slot.shop=green&flag.new_checkout=on.aZ3x.mAc…   signed, with the time of signing
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from urllib.parse import parse_qsl, urlencode

from itsdangerous import BadSignature, TimestampSigner

__all__ = ["COOKIE", "HEADER", "Forced", "forced_by", "sign"]

HEADER = "x-reliakit-override"
COOKIE = "reliakit_override"
_SALT = "reliakit.override"
_VALID_SECONDS = 7 * 86_400
_LONGEST = 2048


@dataclass(frozen=True, slots=True)
class Forced:
    """What an override asks for: slots by rollout, and variants by flag."""

    slots: dict[str, str] = field(default_factory=dict)
    flags: dict[str, str] = field(default_factory=dict)


def sign(forced: Forced, key: str) -> str:
    """Returns the value of the header or cookie; it is accepted for seven days."""
    return _signer([key]).sign(_text(forced)).decode("ascii")


def forced_by(value: str, keys: Sequence[str], *, unsigned: bool) -> Forced | None:
    """Reads an override.

    Args:
        value: of the header or cookie.
        keys: that may have signed it, newest first.
        unsigned: whether one without a signature counts.

    Returns:
        What it asks for, or None where it is forged, too old, or says nothing.
    """
    if len(value) > _LONGEST:
        return None
    text = _verified(value, keys)
    if text is None and unsigned:
        text = value
    return _parsed(text) if text is not None else None


def _verified(value: str, keys: Sequence[str]) -> str | None:
    try:
        return _signer(keys).unsign(value, max_age=_VALID_SECONDS).decode("utf-8") if keys else None
    except (BadSignature, UnicodeError):
        return None


def _signer(keys: Sequence[str]) -> TimestampSigner:
    return TimestampSigner([*reversed(keys)], salt=_SALT, digest_method=sha256)


def _text(forced: Forced) -> str:
    slots = [(f"slot.{name}", slot) for name, slot in forced.slots.items()]
    return urlencode([*slots, *((f"flag.{key}", variant) for key, variant in forced.flags.items())])


def _parsed(text: str) -> Forced | None:
    forced = Forced()
    for name, value in parse_qsl(text):
        kind, _, key = name.partition(".")
        if kind in ("slot", "flag") and key:
            (forced.slots if kind == "slot" else forced.flags)[key] = value
    return forced if forced.slots or forced.flags else None
