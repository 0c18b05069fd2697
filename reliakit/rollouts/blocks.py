"""A block: what both slots served and failed between two folds. Tests are fed blocks, never single requests."""

from dataclasses import dataclass

__all__ = ["SMALLEST", "Block", "foldable"]

SMALLEST = 20
"""Requests; a smaller block waits for the next fold."""


@dataclass(frozen=True, slots=True)
class Block:
    """Counts of one locality between two folds.

    Attributes:
        n_c, n_s: requests served by canary and stable.
        e_c, e_s: how many of them were errors (or whatever the metric counts).

    Raises:
        ValueError: a count is negative, or there are more errors than requests.
    """

    n_c: int
    n_s: int
    e_c: int = 0
    e_s: int = 0

    def __post_init__(self) -> None:
        if not (0 <= self.e_c <= self.n_c and 0 <= self.e_s <= self.n_s):
            raise ValueError(f"a block has 0 <= errors <= requests in each slot, not {self}")

    @property
    def n(self) -> int:
        """Requests of both slots."""
        return self.n_c + self.n_s

    @property
    def errors(self) -> int:
        """Errors of both slots: K in the formulas."""
        return self.e_c + self.e_s

    @property
    def f(self) -> float:
        """The share of requests that the canary really got.

        Never the nominal weight: sticky heavy users move the share, and a test by nominal weight would take that
        for a difference in quality.
        """
        return self.n_c / self.n

    def __add__(self, other: "Block") -> "Block":
        return Block(self.n_c + other.n_c, self.n_s + other.n_s, self.e_c + other.e_c, self.e_s + other.e_s)


def foldable(block: Block) -> bool:
    """Whether a block is large enough to be folded, and has both slots to compare.

    It looks at requests alone. Were the number of errors to decide when a block ends, the tests would no longer
    hold what they promise.
    """
    return block.n >= SMALLEST and block.n_c > 0 and block.n_s > 0
