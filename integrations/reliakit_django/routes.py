"""The template of a route, as telemetry wants it: there are as many as routes, and not as many as requests.

The metrics of reliakit don't carry it. Their rows are one for each release and slot, which every worker tells the
others each second; one more for each route would make that traffic grow with the size of the application.
"""

from django.http import HttpRequest

__all__ = ["http_route"]


def http_route(request: HttpRequest) -> str | None:
    """Returns `http.route` of a request, as `/items/<int:item>/`; None where no URL pattern has taken it.

    Args:
        request: in a view, or in a middleware when it has been answered.
    """
    match = getattr(request, "resolver_match", None)
    route = getattr(match, "route", None)
    return None if route is None else f"/{route.removeprefix('^').removeprefix('/')}"
