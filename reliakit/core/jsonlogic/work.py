"""How much work one evaluation may still do, so that no definition can hang a request.

Work is a list of one number: what is left, in steps of about the cost of one operator. A list, since making one costs
20 ns, and evaluations are told apart by it.
"""

from collections.abc import Callable
from typing import Any

__all__ = ["STEPS", "Exhausted", "Logic", "Work", "spend"]

STEPS = 100_000
"""What one evaluation may cost, about 20 ms. A filter over a thousand groups of a user takes some five thousand."""

Work = list[int]
Logic = Callable[[Any, Work], Any]
"""(data, work) -> value. Data is the context, or inside of `map` and its like the item at hand."""


class Exhausted(Exception):
    """The evaluation would take too long, or build something too large."""


def spend(work: Work, steps: int) -> None:
    """Takes steps from what is left.

    Raises:
        Exhausted: nothing is left.
    """
    work[0] -= steps
    if work[0] < 0:
        raise Exhausted
