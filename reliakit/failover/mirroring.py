"""Mirroring: a copy of a request to another upstream, whose answer nobody reads. Never at the primary's expense."""

from dataclasses import dataclass

__all__ = ["MirrorRules", "mirrored"]


@dataclass(frozen=True, slots=True)
class MirrorRules:
    """How much of the traffic is mirrored.

    Attributes:
        percentage: of the requests, 0 to 100.
        most: copies in flight; further ones are dropped, and never wait.
        largest: bytes of a body that is still copied; larger requests are not mirrored.
    """

    percentage: float
    most: int = 64
    largest: int = 65_536


def mirrored(rules: MirrorRules, length: int | None, in_flight: int, drawn: float) -> bool:
    """Tells whether a request is mirrored.

    Args:
        rules: of the mirror.
        length: bytes of its body; None where nobody knows before it has been read.
        in_flight: copies under way.
        drawn: at random, 0 <= drawn < 1.
    """
    small = length is not None and length <= rules.largest
    return small and in_flight < rules.most and drawn * 100 < rules.percentage
