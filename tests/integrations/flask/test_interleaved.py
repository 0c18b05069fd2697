"""200 visitors at once, each on a thread of a real server, known by the extension's callable."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from typing import Any

import pytest
from flask import Flask, Response, render_template_string, request, stream_with_context
from werkzeug.serving import make_server

from reliakit import Reliakit
from reliakit_flask import FlaskReliakit, kit

FLAGS = [f"flag_{number}" for number in range(32)]
"""So many that no two visitors have the same answers."""
USERS = [f"user-{number}" for number in range(200)]


def seen(asked: Any = kit) -> str:
    return "".join("01"[asked.enabled(flag)] for flag in FLAGS)


def shop(decided: Reliakit, after: dict[str, str]) -> Flask:
    """An app whose visitors wait for each other, so that all of them are in the middle of a request at once."""
    app, meeting = Flask(__name__), threading.Barrier(len(USERS))
    FlaskReliakit(app, kit=decided, user=lambda: request.headers["X-User"])

    @app.get("/")
    def page() -> Response:
        user, template = (
            request.headers["X-User"],
            "{% for each in flags %}{{ 1 if flag(each) else 0 }}{% endfor %}",
        )
        before = seen()
        meeting.wait(60)

        def lines() -> Iterator[str]:
            yield f"{before} {seen()} {render_template_string(template, flags=FLAGS)} "
            meeting.wait(60)
            yield seen()

        response = Response(stream_with_context(lines()))
        response.call_on_close(
            lambda: after.update({user: seen(decided)})
        )  # Flask has no current app by then
        return response

    return app


@pytest.fixture
def decided(kit_of: Any) -> Reliakit:
    made: Reliakit = kit_of({"flags": {flag: {"percentage": 50} for flag in FLAGS}})
    return made


def asked(port: int, user: str) -> list[str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=90)
    try:
        connection.request("GET", "/", headers={"X-User": user, "Connection": "close"})
        answer = connection.getresponse()
        assert answer.status == 200
        return answer.read().decode().split()
    finally:
        connection.close()


def test_nobody_is_taken_for_another(decided: Reliakit) -> None:
    """Otherwise one visitor would see another's page, price or mail."""
    after: dict[str, str] = {}
    expected = {user: "".join("01"[decided.enabled(flag, user)] for flag in FLAGS) for user in USERS}
    assert len(set(expected.values())) == len(USERS)
    server = make_server("127.0.0.1", 0, shop(decided, after), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        with ThreadPoolExecutor(len(USERS)) as pool:
            answers = list(pool.map(lambda user: asked(server.server_port, user), USERS))
    finally:
        server.shutdown()
        thread.join(20)
        server.server_close()
    for user, told in zip(USERS, answers, strict=True):
        assert told == [expected[user]] * 4
    assert after == expected
