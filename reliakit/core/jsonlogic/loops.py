"""Operators that run logic for each item of a list: `map`, `filter`, `reduce`, `all`, `some`, `none`.

Each takes the logic that gives the list, the logic for an item, and what the latter costs. The item is all that the
latter can see. What is no list has no items.
"""

from collections.abc import Iterator
from typing import Any

from reliakit.core.jsonlogic.values import truthy
from reliakit.core.jsonlogic.work import Logic, Work, spend

__all__ = ["every", "mapped", "none", "reduced", "selected", "some"]


def _results(items: list[Any], body: Logic, cost: int, work: Work) -> Iterator[Any]:
    for item in items:
        spend(work, cost)
        yield body(item, work)


def mapped(items: Logic, body: Logic, cost: int) -> Logic:
    """The result for each item."""

    def run(data: Any, work: Work) -> list[Any]:
        found = items(data, work)
        return list(_results(found, body, cost, work)) if isinstance(found, list) else []

    return run


def selected(items: Logic, body: Logic, cost: int) -> Logic:
    """The items whose result is true."""

    def run(data: Any, work: Work) -> list[Any]:
        found = items(data, work)
        if not isinstance(found, list):
            return []
        results = _results(found, body, cost, work)
        return [item for item, result in zip(found, results, strict=True) if truthy(result)]

    return run


def reduced(items: Logic, body: Logic, cost: int, initial: Any) -> Logic:
    """The last result. The logic sees the item as `current` and the result before as `accumulator`.

    `initial` is taken as it is written, not evaluated, as flagd does.
    """

    def run(data: Any, work: Work) -> Any:
        found = items(data, work)
        seen = {"accumulator": initial}
        for item in found if isinstance(found, list) else ():
            spend(work, cost)
            seen["current"] = item
            seen["accumulator"] = body(seen, work)
        return seen["accumulator"]

    return run


def every(items: Logic, body: Logic, cost: int) -> Logic:
    """Whether there are items and each result is true."""

    def run(data: Any, work: Work) -> bool:
        found = items(data, work)
        if not isinstance(found, list) or not found:
            return False
        return all(map(truthy, _results(found, body, cost, work)))

    return run


def some(items: Logic, body: Logic, cost: int) -> Logic:
    """Whether any result is true."""
    return lambda data, work: _any(items(data, work), body, cost, work)


def none(items: Logic, body: Logic, cost: int) -> Logic:
    """Whether no result is true."""
    return lambda data, work: not _any(items(data, work), body, cost, work)


def _any(found: Any, body: Logic, cost: int, work: Work) -> bool:
    return isinstance(found, list) and any(map(truthy, _results(found, body, cost, work)))
