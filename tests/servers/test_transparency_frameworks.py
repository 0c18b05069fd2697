"""FastAPI and Flask behind reliakit: the same answers as bare, and every part of them knows its own visitor."""

import http.client
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from werkzeug.test import Client

from tests.servers import framework_shop
from tests.servers.framework_shop import FLAGS, flask_app, flask_bare, kit
from tests.servers.raw import exchange, normal, request
from tests.servers.serving import Server, serving, until

USERS = [f"user-{number}" for number in range(200)]
TOGETHER = 8

FASTAPI = ["-m", "uvicorn", "tests.servers.framework_shop:APP", "--port", "PORT", "--log-level", "critical"]
FLASK = ["-m", "gunicorn", "tests.servers.framework_shop:APP", "--bind", "127.0.0.1:PORT"]
FLASK = [*FLASK, "--worker-class", "gthread", "--threads", str(TOGETHER), "--log-level", "critical"]


def fingerprint(user: str) -> str:
    """What the flags say to a user, wherever they are asked."""
    return "".join("01"[kit.enabled(flag, user)] for flag in FLAGS)


def served(command: list[str], app: str, folder: Path, together: int = 1) -> Any:
    return serving(
        [part.replace("APP", app) for part in command],
        folder / "unused.yaml",
        RELIAKIT_STATE_DIR=str(folder),
        TOGETHER=str(together),
        PYTHONHASHSEED="0",  # frameworks list allowed methods in the order of a set
    )


def read(server: Server, path: str, user: str) -> str:
    """Asks on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    try:
        connection.request("GET", path, headers={"X-User": user})
        response = connection.getresponse()
        assert response.status == 200
        return response.read().decode()
    finally:
        connection.close()


def test_no_two_users_look_the_same() -> None:
    """Otherwise the tests below could not tell one visitor from another."""
    assert len({fingerprint(user) for user in USERS}) == len(USERS)


@pytest.mark.parametrize(
    ("command", "app", "paths"),
    [
        (FASTAPI, "fast", ["/shop/async", "/shop/sync", "/shop/stream", "/shop/stream-sync"]),
        (FLASK, "flask_app", ["/shop/sync", "/shop/stream"]),
    ],
    ids=["FastAPI", "Flask"],
)
def test_200_users_at_once_each_see_their_own_flags(
    command: list[str], app: str, paths: list[str], tmp_path: Path
) -> None:
    """Otherwise one visitor's identity would leak into another's page, stream or background task."""
    with served(command, app, tmp_path, TOGETHER) as server, ThreadPoolExecutor(TOGETHER) as pool:
        for path in paths:
            answers = list(pool.map(lambda user, path=path: read(server, path, user), USERS))
            for user, answer in zip(USERS, answers, strict=True):
                seen = answer.split() if "stream" in path else json.loads(answer)
                assert len(seen) > 1
                assert set(seen) == {fingerprint(user)}
        left: dict[str, Any] = {}

        def all_left_something() -> bool:
            left.update({user: server.ask(f"/after?user={user}") for user in USERS if not left.get(user)})
            return all(left.values())

        until(all_left_something)
        for user in USERS:
            parts = {
                part: seen for part, seen in left[user].items() if part in ("task", "dependency", "close")
            }
            assert parts
            assert set(parts.values()) == {fingerprint(user)}


@pytest.mark.parametrize(
    ("command", "bare", "wrapped", "paths"),
    [
        (FASTAPI, "fast_bare", "fast", ["/shop/named/u", "/shop/after?user=u", "/openapi.json", "/no"]),
        (FLASK, "flask_bare", "flask_app", ["/shop/stream", "/shop/sync", "/shop/raises", "/no"]),
    ],
    ids=["FastAPI", "Flask"],
)
def test_every_byte_is_the_same(
    command: list[str], bare: str, wrapped: str, paths: list[str], tmp_path: Path
) -> None:
    """Otherwise a framework's responses would change when it is wrapped."""
    headers = (b"X-User: u", b"Content-Type: application/json", b"Content-Length: 8")
    sent = [
        request(f"{method} {path} HTTP/1.1", *headers, body=b'{"a": 1}')
        for path in paths
        for method in ("GET", "HEAD", "POST", "OPTIONS")
    ]
    with served(command, bare, tmp_path) as one, served(command, wrapped, tmp_path) as other:
        for each in sent:
            expected, _ = normal(exchange(one.port, each))
            assert expected.startswith(b"HTTP/1.1 ")
            found, _ = normal(exchange(other.port, each))
            assert found == expected


@pytest.mark.parametrize("path", ["/shop/async", "/shop/sync", "/shop/stream", "/shop/stream-sync"])
def test_starlettes_test_client_sees_what_a_browser_sees(path: str) -> None:
    """Otherwise people could not test their wrapped application as they test it bare."""
    with TestClient(framework_shop.fast) as client:
        answer = client.get(path, headers={"X-User": "user-1"})
        assert answer.status_code == 200
        seen = answer.text.split() if "stream" in path else answer.json()
        assert set(seen) == {fingerprint("user-1")}
        later = client.get("/after", params={"user": "user-1"}).json()
        assert set(later.values()) <= {fingerprint("user-1")}
        assert "stream" in path or set(later) == {"task", "dependency"}


def test_flasks_test_client_sees_what_a_browser_sees(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise people could not test their wrapped application as they test it bare."""
    monkeypatch.setattr(flask_bare, "wsgi_app", kit.wsgi(flask_bare.wsgi_app))
    client: Any = flask_bare.test_client()
    assert set(client.get("/shop/sync", headers={"X-User": "user-1"}).json) == {fingerprint("user-1")}
    with client.get("/shop/stream", headers={"X-User": "user-1"}) as answer:
        assert set(answer.text.split()) == {fingerprint("user-1")}
    assert client.get("/after?user=user-1").json["close"] == fingerprint("user-1")
    assert Client(flask_app).get("/shop/raises", headers={"X-User": "u"}).status_code == 500
