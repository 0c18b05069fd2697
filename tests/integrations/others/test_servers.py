"""What the pages of Litestar, Quart, aiohttp and WSGI show, under the servers that they name."""

import http.client
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from reliakit import Reliakit
from tests.integrations.others.pages import FLAGS, prepared
from tests.servers.serving import Server, serving

SERVED = "tests.integrations.others.served"
APP = f"{SERVED}:app"
USERS = [f"user-{number}" for number in range(200)]
TOGETHER = 8
GUNICORN = ["-m", "gunicorn", APP, "--bind", "127.0.0.1:PORT", "--log-level", "critical"]
RUN_APP = f"from aiohttp import web; from {SERVED} import app; web.run_app(app, host='127.0.0.1', port=PORT)"
COMMANDS = {
    "litestar": ["-m", "uvicorn", APP, "--port", "PORT", "--log-level", "critical"],
    "quart": ["-m", "hypercorn", APP, "--bind", "127.0.0.1:PORT", "--log-level", "critical"],
    "aiohttp": ["-c", RUN_APP],
    "wsgi": [*GUNICORN, "--worker-class", "gthread", "--threads", str(TOGETHER), "--preload"],
}
Shop = tuple[str, Server, Reliakit]


class Ready(Server):
    """One that has no page of the other shops."""

    def answers(self) -> bool:
        try:
            return get(self, "/checkout")[0] == 200
        except (OSError, http.client.HTTPException):
            return False


@pytest.fixture(scope="module", params=COMMANDS)
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    page, folder = request.param, tmp_path_factory.mktemp(request.param)
    path = prepared(page, folder)
    kit = Reliakit(str(path), environ={"RELIAKIT_STATE_DIR": str(folder)})
    more = {"PAGE": page, "PAGE_FOLDER": str(folder), "TOGETHER": str(TOGETHER)}
    try:
        with serving(COMMANDS[page], path, of=Ready, RELIAKIT_STATE_DIR=str(folder), **more) as server:
            yield page, server, kit
    finally:
        assert kit.close()


def get(server: Server, path: str, **headers: str) -> tuple[int, dict[str, str], str]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        connection.request("GET", path, headers={"Connection": "close", **headers})
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read().decode()
    finally:
        connection.close()


def read(shop: Shop, path: str, user: str) -> str:
    """Asks as somebody, until the version that the pages are about has answered; WSGI's page has another one, too."""
    while True:
        status, _, text = get(shop[1], path, **{"X-User": user})
        assert status == 200
        if '"version"' not in text:
            return text


def test_each_user_sees_the_shop_that_the_definitions_say(shop: Shop) -> None:
    """Otherwise a page would show how flags are asked for, and not that they answer for whoever asks."""
    kit, users = shop[2], ["ann", *USERS[:40]]
    with ThreadPoolExecutor(TOGETHER) as pool:
        steps = list(pool.map(lambda user: json.loads(read(shop, "/checkout", user))["steps"], users))
        streams = list(pool.map(lambda user: read(shop, "/colours", user).split(), users))
    plans = {user: "pro" if user == "ann" else "free" for user in users}
    expected = [kit.enabled("new_checkout", user, context={"plan": plans[user]}) for user in users]
    assert steps == [1 if new else 2 for new in expected]
    assert set(steps) == {1, 2}
    assert streams == [[kit.value("banner", "", user=user)] * 3 for user in users]


def test_200_users_at_once_each_see_their_own_flags(shop: Shop) -> None:
    """Otherwise one visitor's identity would leak into another's page, task or thread."""
    kit = shop[2]
    expected = ["".join("01"[kit.enabled(flag, user)] for flag in FLAGS) for user in USERS]
    assert len(set(expected)) == len(USERS)
    with ThreadPoolExecutor(TOGETHER) as pool:
        seen = list(pool.map(lambda user: json.loads(read(shop, "/meet", user)), USERS))
    for fingerprints, own in zip(seen, expected, strict=True):
        assert len(fingerprints) > 1
        assert set(fingerprints) == {own}


def test_a_browser_is_recognised_by_its_cookie(shop: Shop) -> None:
    """Otherwise visitors who are not signed in would see another shop with each click."""
    page, server, _ = shop
    for _ in range(10):
        _, headers, text = get(server, "/checkout")
        cookie = headers["Set-Cookie" if "Set-Cookie" in headers else "set-cookie"]
        assert cookie.startswith("reliakit_")
        for _ in range(3):
            _, again, same = get(server, "/checkout", Cookie=cookie.partition(";")[0])
            assert same == text
            assert "set-cookie" not in {name.lower() for name in again}
    if page != "wsgi":  # where every path belongs to a rollout, so that everybody has to be known
        _, unasked, _ = get(server, "/nowhere")
        assert "set-cookie" not in {name.lower() for name in unasked}
