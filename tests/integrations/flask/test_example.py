"""The shop in Flask, under the servers that people use."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from reliakit import Reliakit
from tests.integrations.running import EXAMPLES, USERS, Shop, running, workers

BIND = "127.0.0.1:PORT"
GUNICORN = ["-m", "gunicorn", "--chdir", str(EXAMPLES), "flask_shop:create_app()", "--bind", BIND, "-w", "2"]
GUNICORN = [*GUNICORN, "--worker-class", "gthread", "--threads", "8", "--log-level", "warning"]
FACTORY = f"import sys; sys.path.insert(0, {str(EXAMPLES)!r}); import waitress, flask_shop; "
SERVERS = {
    "gunicorn gthread": (GUNICORN, 2),
    "gunicorn gthread, preload": ([*GUNICORN, "--preload"], 2),
    "waitress": (["-c", f"{FACTORY}waitress.serve(flask_shop.create_app(), listen='{BIND}', threads=8)"], 1),
    "flask run": (["-m", "flask", "--app", str(EXAMPLES / "flask_shop"), "run", "--port", "PORT"], 1),
}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def signed_in(shop: Shop, user: str) -> dict[str, str]:
    """Returns the headers of a user who has gone through the login."""
    status, headers, text = shop.ask("POST", "/login", f"name={user}", **FORM)
    assert status == 302, text
    return {"Cookie": headers["Set-Cookie"].partition(";")[0]}


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
    kit = kit_of(EXAMPLES / "flask_shop" / "reliakit.yaml", store="memory")
    shops = [expected(kit, user) for user in USERS]
    assert len({tuple(each.values())[1:] for each in shops}) == 8
    command, count = SERVERS[server]
    with running("flask_shop", command, tmp_path) as shop, ThreadPoolExecutor(16) as pool:
        workers(shop, count)

        def seen(user: str) -> Any:
            return shop.get("/me", **signed_in(shop, user))

        assert list(pool.map(seen, USERS)) == shops
        visit(shop, kit)


def visit(shop: Shop, kit: Reliakit) -> None:
    """Goes through the shop as some users for whom it is not the same."""
    for user in ("user-0", "user-1", "user-2"):
        headers, shown = signed_in(shop, user), expected(kit, user)
        status, _, text = shop.ask("POST", "/orders", "item=1", **FORM, **headers)
        assert status == 201
        assert ("one step" in text) is shown["new_checkout"]
        page = shop.ask("GET", "/", **headers)[2]
        assert ("reviews" in page) is shown["reviews"]
        assert ("This week" in page) is bool(shown["banner"])
        assert shop.ask("GET", "/items/1/reviews", **headers)[0] == (200 if shown["reviews"] else 404)
    assert shop.ask("POST", "/orders", "item=99", **FORM, **signed_in(shop, "user-0"))[0] == 404
    assert shop.ask("POST", "/login", "name=nobody", **FORM)[0] == 403
