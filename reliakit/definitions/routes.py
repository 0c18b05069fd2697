"""From routes as written to routes as matched."""

from reliakit.core.routes import Route
from reliakit.definitions.models import RouteSection

__all__ = ["route_of"]


def route_of(section: RouteSection) -> Route:
    """Returns the route; a trailing slash of the prefix says nothing that its segments don't."""
    methods = (section.method,) if isinstance(section.method, str) else section.method or ()
    headers = (section.header or {}).items()
    return Route(
        rollout=section.rollout,
        upstream=section.upstream,
        prefix=(section.path_prefix or "").rstrip("/"),
        methods=frozenset(method.upper() for method in methods),
        host=section.host.lower() if section.host else None,
        headers=tuple((name.lower(), None if value is True else str(value)) for name, value in headers),
    )
