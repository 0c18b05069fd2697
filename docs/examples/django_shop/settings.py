"""The shop's settings."""

import os
from pathlib import Path

BASE_DIR = Path(__file__).parent
SECRET_KEY = os.environ.get("SHOP_SECRET", "for development only")
DEBUG = "SHOP_SECRET" not in os.environ
ALLOWED_HOSTS = os.environ.get("SHOP_HOSTS", "localhost,127.0.0.1").split(",")
ROOT_URLCONF = "django_shop.urls"
AUTH_USER_MODEL = "django_shop.Customer"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "reliakit_django",
    "django_shop",
]
MIDDLEWARE = [
    "reliakit_django.middleware.ReliakitMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("SHOP_DATABASE", "shop.db"),
        "OPTIONS": {"timeout": 10},  # seconds to wait for another worker that writes
    }
}
SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"

RELIAKIT = {
    "CONFIG": "reliakit.yaml",
    "USER": "django_shop.flags.user",
    "CONTEXT": "django_shop.flags.context",
}
