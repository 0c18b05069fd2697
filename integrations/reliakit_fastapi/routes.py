"""The template of a route, as telemetry wants it: there are as many as routes, and not as many as requests.

The metrics of reliakit don't carry it. Their rows are one for each release and slot, which every worker tells the
others each second; one more for each route would make that traffic grow with the size of the application.
"""

from collections.abc import Mapping
from typing import Any

from starlette.requests import HTTPConnection

__all__ = ["http_route"]


def http_route(connection: HTTPConnection) -> str | None:
    """Returns `http.route` of a connection, as `/items/{item}`; None where no route has taken it.

    Args:
        connection: a Request or WebSocket inside of an endpoint, a dependency or an exception handler.
    """
    route = _included(connection.scope) or connection.scope.get("route")
    template = getattr(route, "path_format", None) or getattr(route, "path", None)
    return None if template is None else _mounted(connection.scope) + str(template)


def _included(scope: Mapping[str, Any]) -> Any:
    """Newer FastAPI leaves the route of an included router as it is, and keeps its whole path beside it."""
    kept = scope.get("fastapi")
    context = kept.get("effective_route_context") if isinstance(kept, Mapping) else None
    return context if getattr(context, "path_format", None) else None


def _mounted(scope: Mapping[str, Any]) -> str:
    """Below a mount, `root_path` has grown by what the mount took; what the server said is no part of a route."""
    whole: str = scope.get("root_path", "")
    return whole.removeprefix(scope.get("app_root_path", whole))
