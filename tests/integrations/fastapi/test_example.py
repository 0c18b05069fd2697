"""The shop in FastAPI, under the servers that people use."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from reliakit import Reliakit
from tests.integrations.running import EXAMPLES, USERS, Shop, running, workers

UVICORN = ["-m", "uvicorn", "--app-dir", str(EXAMPLES), "fastapi_shop.main:app", "--port", "PORT"]
UVICORN = [*UVICORN, "--log-level", "warning"]
GUNICORN = ["-m", "gunicorn", "--chdir", str(EXAMPLES), "fastapi_shop.main:app", "--bind", "127.0.0.1:PORT"]
GUNICORN = [*GUNICORN, "--log-level", "warning", "--worker-class", "uvicorn_worker.UvicornWorker", "-w", "2"]
SERVERS = {
    "uvicorn": (UVICORN, 1),
    "uvicorn, 2 workers": ([*UVICORN, "--workers", "2"], 2),
    "gunicorn": (GUNICORN, 2),
}


def bearer(user: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {user}"}


def expected(kit: Reliakit, user: str) -> dict[str, Any]:
    context = {"plan": "free" if int(user[5:]) % 5 else "pro"}
    return {
        "name": user,
        "new_checkout": kit.enabled("new_checkout", user, context=context),
        "reviews": kit.enabled("reviews", user),
        "banner": kit.value("banner", "-", user=user),
    }


@pytest.mark.parametrize("server", SERVERS)
def test_every_server_shows_a_user_the_same_shop(server: str, tmp_path: Path, kit_of) -> None:
    """Otherwise a user would see one shop by one worker, and another, or a neighbour's, by the next."""
    kit = kit_of(EXAMPLES / "fastapi_shop" / "reliakit.yaml", store="memory")
    shops = [expected(kit, user) for user in USERS]
    assert len({tuple(each.values())[1:] for each in shops}) == 8
    command, count = SERVERS[server]
    with running("fastapi_shop", command, tmp_path) as shop, ThreadPoolExecutor(16) as pool:
        workers(shop, count)
        assert list(pool.map(lambda user: shop.get("/me", **bearer(user)), USERS)) == shops
        visit(shop, kit)


def visit(shop: Shop, kit: Reliakit) -> None:
    """Goes through the shop as one user, whom the new checkout is for, and another."""
    ways = {"one step": True, "two steps": False}
    for user in ("user-0", "user-1", "user-2"):
        shown = expected(kit, user)
        status, _, text = shop.ask("POST", "/orders?item=1", **bearer(user))
        assert status == 201
        assert ways[text.split('"')[3]] is shown["new_checkout"]
        assert shop.ask("GET", "/items/1/reviews", **bearer(user))[0] == (200 if shown["reviews"] else 404)
        assert shop.get("/items", **bearer(user))["banner"] == shown["banner"]
        assert shop.get("/search?query=tea+cup", **bearer(user)) in (
            ["Blue tea cup"],
            ["Blue tea cup", "Green tea", "Tea pot"],
        )
    assert shop.ask("POST", "/orders?item=99", **bearer("user-0"))[0] == 404
    assert shop.ask("GET", "/me", **bearer("nobody"))[0] == 401
    assert shop.ask("GET", "/me")[0] == 401
