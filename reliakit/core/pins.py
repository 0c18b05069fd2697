"""The words by which a person pins a flag to one variant."""

from collections.abc import Mapping
from typing import Any

__all__ = ["ON_OFF", "pin"]

ON_OFF: Mapping[str, Any] = {"on": True, "off": False}
"""The variants of a flag that names none."""

_WORDS = {"true": "on", "1": "on", "yes": "on", "false": "off", "0": "off", "no": "off"}


def pin(variants: Mapping[str, Any], text: str) -> tuple[str, Any] | None:
    """Returns (variant, value) that `text` means for a flag with these variants; None where it means nothing."""
    name = text if text in variants else _WORDS.get(text.lower(), text.lower())
    return (name, variants[name]) if name in variants else None
