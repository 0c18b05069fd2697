"""Django, and a database for each test."""

from tests.integrations.django_project.starting import database, made_database, start

__all__ = ["database", "made_database"]

start()
