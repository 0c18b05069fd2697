"""Which rollout or upstream a request belongs to: the first route that matches."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

__all__ = ["Header", "Route", "covers", "find"]


Header = Callable[[str], str | None]
"""Finds a header of a request by its lower-case name."""


@dataclass(frozen=True, slots=True)
class Route:
    """What a request must look like, and the target: exactly one of `rollout` and `upstream`.

    A prefix ends at a segment and has no slash there: `/shop` covers `/shop` and `/shop/1`, never `/shopping`.
    The empty one covers everything.
    """

    rollout: str | None = None
    upstream: str | None = None
    prefix: str = ""
    methods: frozenset[str] = frozenset()
    host: str | None = None
    headers: tuple[tuple[str, str | None], ...] = ()
    """(lower-case name, value), where None asks only that the header is there."""

    below: str = field(init=False)
    plain: bool = field(init=False)
    """Whether the prefix is all that it asks for."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "below", f"{self.prefix}/")
        object.__setattr__(self, "plain", not (self.methods or self.host or self.headers))

    def suits(self, method: str, header: Header) -> bool:
        """Tells whether all but the path of a request is as this route wants it."""
        return (
            (not self.methods or method in self.methods)
            and (self.host is None or _host(header("host")) == self.host)
            and all(_carries(header(name), value) for name, value in self.headers)
        )


def find(routes: Sequence[Route], method: str, path: str, header: Header) -> Route | None:
    """Returns the first route that matches."""
    for route in routes:
        under = path.startswith(route.below) or path == route.prefix or not route.prefix
        if under and (route.plain or route.suits(method, header)):
            return route
    return None


def covers(earlier: Route, later: Route) -> bool:
    """Tells whether every request that `later` matches is taken by `earlier`."""
    return (
        _under(earlier.prefix, later.prefix or "/")
        and (not earlier.methods or (bool(later.methods) and later.methods <= earlier.methods))
        and earlier.host in (None, later.host)
        and all(_implied(header, later.headers) for header in earlier.headers)
    )


def _implied(header: tuple[str, str | None], known: Sequence[tuple[str, str | None]]) -> bool:
    name, value = header
    return header in known or (value is None and any(name == other for other, _ in known))


def _under(prefix: str, path: str) -> bool:
    return path.startswith(prefix) and (len(path) == len(prefix) or not prefix or path[len(prefix)] == "/")


def _host(sent: str | None) -> str:
    host = (sent or "").lower()
    return host if host.endswith("]") else host.rpartition(":")[0] or host


def _carries(found: str | None, value: str | None) -> bool:
    return found is not None and (value is None or found == value)
