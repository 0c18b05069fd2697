"""Whom a rollout is about: requests of which everything that is asked for is true."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reliakit.core.conditions import Condition, Miss
from reliakit.core.routes import Header

__all__ = ["Match"]

Wanted = tuple[tuple[str, str | None], ...]
"""(name, value), where None asks only that it is there."""


@dataclass(frozen=True, slots=True)
class Match:
    """What must be true of a request, all of it; headers and cookies are asked of requests alone.

    Attributes:
        headers: lower-case names and values.
        cookies: names and values.
        condition: over the attributes that are known.
    """

    headers: Wanted = ()
    cookies: Wanted = ()
    condition: Condition | None = None

    def carried(self, header: Header, cookie: Header) -> bool:
        """Tells whether a request carries the headers and cookies; both are found by name."""
        return _all(self.headers, header) and _all(self.cookies, cookie)

    def holds(self, user: str | None, attributes: Mapping[str, Any]) -> bool:
        """Tells whether the condition holds; what is not known does not."""
        missed: list[Miss] = []
        return self.condition is None or self.condition.holds(user, attributes, missed) is True


def _all(wanted: Wanted, find: Header) -> bool:
    return all((found := find(name)) is not None and value in (None, found) for name, value in wanted)
