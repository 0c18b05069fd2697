"""Sets the cookies by which visitors keep what a coin has decided, and testers what they want."""

from django.http import HttpRequest, HttpResponse
from django.utils.deprecation import MiddlewareMixin

from reliakit_django.waffle.defaults import setting

__all__ = ["WaffleMiddleware"]


class WaffleMiddleware(MiddlewareMixin):
    """For MIDDLEWARE, in the place of `waffle.middleware.WaffleMiddleware`."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Adds to a response what its request has noted."""
        for name, (active, rollout) in getattr(request, "waffles", {}).items():
            # While a flag is rolled out, whoever it is off for is asked again with each start of the browser.
            age = None if rollout and not active else setting("MAX_AGE")
            cookie = str(setting("COOKIE") % name)
            response.set_cookie(cookie, str(active), max_age=age, secure=setting("SECURE"))
        for name, wanted in getattr(request, "waffle_tests", {}).items():
            response.set_cookie(str(setting("TEST_COOKIE") % name), str(wanted))
        return response
