"""How long to wait before something is tried again."""

import random
from collections.abc import Iterator

__all__ = ["delays"]


def delays(first: float, last: float) -> Iterator[float]:
    """Yields how long to wait before each try: longer each time, and by chance, so that workers don't come at once."""
    while True:
        yield random.uniform(first / 2, first)  # noqa: S311
        first = min(first * 2, last)
