"""A project whose flags are in its database, as servers run it: `SHOP_CONFIG` is the database's file."""

import os
from typing import Any

import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, JsonResponse
from django.urls import path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.integrations.django_project.settings")
settings.DATABASES["default"]["NAME"] = os.environ["SHOP_CONFIG"]
settings.ROOT_URLCONF = __name__
settings.RELIAKIT = {"SOURCE": "reliakit_django.stored.DatabaseSource"}
django.setup()


def shop(request: HttpRequest) -> JsonResponse:
    from reliakit_django import kit

    return JsonResponse({"pid": os.getpid(), "beta": kit().enabled("beta", "ann")})


urlpatterns: list[Any] = [path("shop", shop)]
wsgi, asgi = get_wsgi_application(), get_asgi_application()
