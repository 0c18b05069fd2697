"""An app that others wrote, behind the extension."""

from typing import Any

import pytest
from flask import Flask
from werkzeug.test import Client

from reliakit_flask import FlaskReliakit
from tests.integrations.varied import DEFINITIONS, Sent, comparable, varied
from tests.middleware.shop import outcomes

httpbin = pytest.importorskip("httpbin.core", reason="httpbin is not installed")


def answered(app: Any, sent: Sent) -> Any:
    client = Client(app, use_cookies=False)
    with client.open(sent.path, method=sent.method, headers=sent.headers, data=sent.body) as answer:
        return comparable(answer.status_code, answer.headers, answer.get_data())


def test_httpbin_answers_as_ever(kit_of) -> None:
    """Otherwise putting an app behind reliakit would change what its users get."""
    app: Flask = httpbin.app
    bare, kit, requests = app.wsgi_app, kit_of(DEFINITIONS), list(varied(300))
    FlaskReliakit(kit=kit).init_app(app, upstreams={"v2": bare})
    for sent in requests:
        assert answered(app, sent) == answered(bare, sent), sent
    rows = outcomes(kit)
    assert {name[1] for name in rows} == {"one", "two"}
    assert sum(sum(row.values()) for row in rows.values()) == len(requests)
