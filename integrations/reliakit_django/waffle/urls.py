"""The two views under the paths that waffle gives them."""

from django.urls import path

from reliakit_django.waffle.views import waffle_json, wafflejs

__all__ = ["urlpatterns"]

urlpatterns = [
    path("wafflejs", wafflejs, name="wafflejs"),
    path("waffle_status", waffle_json, name="waffle_status"),
]
