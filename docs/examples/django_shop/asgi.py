"""For uvicorn, hypercorn and the like: `uvicorn --app-dir docs/examples django_shop.asgi:application`."""

import os

from django.core.asgi import get_asgi_application

__all__ = ["application"]

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "django_shop.settings")
application = get_asgi_application()
