"""An app that others wrote, behind the extension."""

from importlib import import_module
from typing import Any

from flask import Flask
from werkzeug.test import Client

from reliakit_flask import FlaskReliakit
from tests.apps.httpbin_paths import PATHS
from tests.apps.varied import DEFINITIONS, Sent, comparable, varied, worth_comparing
from tests.middleware.shop import outcomes

httpbin: Any = import_module("httpbin.core")


def answered(app: Any, sent: Sent) -> Any:
    client = Client(app, use_cookies=False)
    with client.open(sent.path, method=sent.method, headers=sent.headers, data=sent.body) as answer:
        return comparable(answer.status_code, answer.headers, answer.get_data())


def test_httpbin_answers_as_ever(kit_of) -> None:
    """Otherwise putting an app behind reliakit would change what its users get."""
    app: Flask = httpbin.app
    bare, kit, requests = app.wsgi_app, kit_of(DEFINITIONS), list(varied(PATHS, 300))
    FlaskReliakit(kit=kit).init_app(app, upstreams={"v2": bare})
    answers: list[Any] = []
    for sent in requests:
        answers.append(answered(bare, sent))
        assert answered(app, sent) == answers[-1], sent
    assert worth_comparing(answers)
    rows = outcomes(kit)
    assert {name[1] for name in rows} == {"one", "two"}
    assert sum(sum(row.values()) for row in rows.values()) == len(requests)
