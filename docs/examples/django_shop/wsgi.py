"""For gunicorn, uWSGI and the like: `gunicorn --chdir docs/examples django_shop.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

__all__ = ["application"]

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "django_shop.settings")
application = get_wsgi_application()
