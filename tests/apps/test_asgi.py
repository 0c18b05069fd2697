"""An app of plain ASGI that others wrote: Datasette, over a database of two tables."""

import re
import sqlite3
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.apps.varied import DEFINITIONS, Sent, comparable, varied, worth_comparing
from tests.middleware.shop import outcomes

datasette: Any = import_module("datasette.app")
import_module("datasette.handle_exception").rich = None  # type: ignore[attr-defined]  # its tracebacks take seconds each

PATHS = [
    "/", "/-/", "/.json", "/shop", "/shop.json", "/shop?sql=select+*+from+items+limit+3", "/shop.json?sql=select+1",
    "/shop?sql=select+nothing", "/shop?sql=delete+from+items", "/shop.csv?sql=select+*+from+items", "/shop/items",
    "/shop/items.json", "/shop/items.json?_shape=array", "/shop/items.json?_shape=objects&_size=2", "/shop/items/1",
    "/shop/items/1.json", "/shop/items/999", "/shop/items?_facet=kind", "/shop/items?kind=tea&_sort_desc=price",
    "/shop/items?_search=cup", "/shop/items?name__contains=%C3%BC", "/shop/items.csv?_stream=on",
    "/shop/items.csv?_dl=on", "/shop/items?_next=20", "/shop/items.json?_next=20&_size=5", "/shop/kinds",
    "/shop/kinds/tea", "/shop/nothing", "/nothing", "/nothing/here.json", "/shop.db", "/-/actor.json", "/-/plugins",
    "/-/plugins.json", "/-/metadata.json", "/-/settings", "/-/databases.json", "/-/versions.json", "/-/messages",
    "/-/allow-debug", "/-/patterns", "/-/permissions", "/-/logout", "/-/auth-token?token=x", "/-/static/app.css",
    "/-/static/table.js", "/-/static/nothing.js", "/favicon.ico", "/shop/items/", "/shop/~7E", "/%ff",
]  # fmt: skip

pytestmark = pytest.mark.filterwarnings("ignore")  # they are theirs

_TOOK = re.compile(rb"Queries took [\d.]+|(?<=\"query_ms\": )[\d.e-]+")
"""How long it took Datasette to answer."""


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("datasette") / "shop.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(
            "CREATE TABLE kinds (name TEXT PRIMARY KEY); INSERT INTO kinds VALUES ('tea'), ('cup');"
            "CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT, kind TEXT REFERENCES kinds (name), price REAL)"
        )
        rows = [(f"item ü {number}", ("tea", "cup")[number % 2], number / 4) for number in range(60)]
        connection.executemany("INSERT INTO items (name, kind, price) VALUES (?, ?, ?)", rows)
    connection.close()
    return path


def answered(client: TestClient, sent: Sent) -> Any:
    client.cookies.clear()
    headers = [(name.encode(), value.encode("latin-1")) for name, value in sent.headers.items()]
    answer = client.request(
        sent.method, sent.path, headers=headers, content=sent.body, follow_redirects=False
    )
    return comparable(answer.status_code, answer.headers.multi_items(), _TOOK.sub(b"", answer.content))


def test_datasette_answers_as_ever(database: Path, kit_of) -> None:
    """Otherwise putting an app behind reliakit would change what its users get."""

    def app() -> Any:
        served = datasette.Datasette([str(database)], secret="of the test")
        return served.app()

    requests, kit = list(varied(PATHS, 250)), kit_of(DEFINITIONS)
    wrapped = kit.asgi(app(), upstreams={"v2": app()})
    answers: list[Any] = []
    with TestClient(app()) as bare, TestClient(wrapped) as client:
        for sent in requests:
            answers.append(answered(bare, sent))
            assert answered(client, sent) == answers[-1], sent
    assert worth_comparing(answers)
    rows = outcomes(kit)
    assert {name[1] for name in rows} == {"one", "two"}
    assert sum(sum(row.values()) for row in rows.values()) == len(requests)
