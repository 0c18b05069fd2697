"""A site of Django with django-wiki in it: settings, addresses, and some articles."""

from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import django
from django.conf import settings

__all__ = ["AUTHOR", "populate", "set_up"]

AUTHOR = ("ann", "of the test")
_CONTEXT = ["auth.context_processors.auth", "messages.context_processors.messages"]
_APPS = ["sites", "auth", "contenttypes", "humanize", "messages", "sessions", "staticfiles", "admin"]
_OTHERS = ["django_nyt", "mptt", "sekizai", "sorl.thumbnail", "wiki"]
_PLUGINS = ["attachments", "notifications", "images", "macros", "links", "help"]
_MIDDLEWARE = [
    "middleware.security.SecurityMiddleware", "contrib.sessions.middleware.SessionMiddleware",
    "middleware.common.CommonMiddleware", "middleware.csrf.CsrfViewMiddleware",
    "contrib.auth.middleware.AuthenticationMiddleware", "contrib.messages.middleware.MessageMiddleware",
    "middleware.clickjacking.XFrameOptionsMiddleware",
]  # fmt: skip


def set_up(folder: Path, **more: Any) -> None:
    """Makes this process one of the site, whose files are in `folder`."""
    templates = {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "sekizai.context_processors.sekizai",
                *(f"django.contrib.{name}" for name in _CONTEXT),
            ]
        },
    }
    settings.configure(
        ALLOWED_HOSTS=["*"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": folder / "wiki.db"}},
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        INSTALLED_APPS=[
            *(f"django.contrib.{name}" for name in _APPS),
            *_OTHERS,
            *(f"wiki.plugins.{name}" for name in _PLUGINS),
        ],
        MEDIA_ROOT=folder / "media",
        MESSAGE_STORAGE="django.contrib.messages.storage.session.SessionStorage",  # a cookie of them is dated
        MIDDLEWARE=[f"django.{name}" for name in _MIDDLEWARE],
        ROOT_URLCONF="tests.apps.wiki_urls",
        SECRET_KEY="of the test",
        SITE_ID=1,
        STATIC_URL="/static/",
        TEMPLATES=[templates],
        USE_TZ=True,
        **more,
    )
    django.setup()
    from django.core.signals import request_finished, request_started
    from django.db import close_old_connections

    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)  # as Django's own test client does: a test is a transaction


def populate() -> None:
    """Fills the database: somebody who may do everything, and three articles."""
    from django.contrib.auth.models import User
    from django.core.management import call_command

    models: Any = import_module("wiki.models")

    call_command("migrate", verbosity=0)
    author = User.objects.create_superuser(AUTHOR[0], "ann@example.com", AUTHOR[1])
    root = models.URLPath.create_root(title="The wiki", content="[TOC]\n\n# Welcome\n\n[tea](wiki:/tea)")
    for slug in ("tea", "cups"):
        models.URLPath.create_urlpath(
            root, slug, title=slug.title(), content=f"About *{slug}*, ü", user=author
        )
    # Pages tell how long ago that was, which would be another time for each request.
    long_ago = datetime(2001, 1, 1, tzinfo=UTC)
    for model in (models.Article, models.ArticleRevision):
        model.objects.update(created=long_ago, modified=long_ago)
