"""What type checkers tell of the applications that are wrapped: pyright here, mypy with the rest of `make types`."""

from pathlib import Path

from django.core.asgi import get_asgi_application
from fastapi import FastAPI
from flask import Flask

from reliakit import Reliakit
from tests.kit.test_typing_rollouts import pyright

RIGHT = """
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from fastapi import FastAPI
from flask import Flask

kit.asgi(get_asgi_application(), upstreams={"next": FastAPI()})
kit.asgi(kit.asgi(FastAPI()))
kit.wsgi(get_wsgi_application())
kit.wsgi(Flask("shop"))
"""
WRONG = "kit.asgi(get_wsgi_application())\nkit.asgi(Flask('shop'))\nkit.wsgi(FastAPI())\n"


def wrapped(kit: Reliakit) -> None:
    """Is there to be read by mypy."""
    kit.asgi(get_asgi_application(), upstreams={"next": FastAPI()})
    kit.wsgi(Flask("shop"))
    kit.asgi(Flask("shop"))  # type: ignore[arg-type]


def test_the_application_of_any_framework_is_taken_and_one_of_the_other_kind_is_not(tmp_path: Path) -> None:
    """Otherwise users would have to silence their type checker in the one line that everybody writes."""
    errors = pyright(tmp_path, RIGHT + WRONG)
    first = len(f"from\nkit\n{RIGHT}".splitlines()) + 1
    assert errors == [first, first + 1, first + 2]
