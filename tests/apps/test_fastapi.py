"""An app that others wrote, behind the middleware."""

from importlib import import_module
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient

from reliakit_fastapi import ReliakitMiddleware
from tests.apps.httpbin_paths import PATHS
from tests.apps.varied import DEFINITIONS, Sent, comparable, varied, worth_comparing
from tests.middleware.shop import outcomes

httpbinx: Any = import_module("httpbinx.main")


def answered(client: TestClient, sent: Sent) -> Any:
    client.cookies.clear()
    headers = [(name.encode(), value.encode("latin-1")) for name, value in sent.headers.items()]
    answer = client.request(
        sent.method, sent.path, headers=headers, content=sent.body, follow_redirects=False
    )
    return comparable(answer.status_code, answer.headers.multi_items(), answer.content)


def test_httpbin_answers_as_ever(kit_of) -> None:
    """Otherwise putting an app behind reliakit would change what its users get."""
    app: FastAPI = httpbinx.app
    requests = list(varied(PATHS, 300))
    with TestClient(app, raise_server_exceptions=False) as client:
        expected = [answered(client, sent) for sent in requests]
    assert worth_comparing(expected)
    kit, wrapped = kit_of(DEFINITIONS), FastAPI(openapi_url=None)
    wrapped.router, wrapped.user_middleware = app.router, list(app.user_middleware)
    wrapped.add_middleware(ReliakitMiddleware, kit=kit, upstreams={"v2": app})
    with TestClient(wrapped, raise_server_exceptions=False) as client:
        for sent, answer in zip(requests, expected, strict=True):
            assert answered(client, sent) == answer, sent
    rows = outcomes(kit)
    assert {name[1] for name in rows} == {"one", "two"}
    assert sum(sum(row.values()) for row in rows.values()) == len(requests)
