"""The shop in Django, under the servers that people use."""

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from reliakit import Reliakit
from tests.integrations.running import EXAMPLES, USERS, Shop, running, workers

BIND = "127.0.0.1:PORT"
MANAGE = str(EXAMPLES / "django_shop" / "manage.py")
GUNICORN = ["-m", "gunicorn", "--chdir", str(EXAMPLES), "--bind", BIND, "-w", "2", "--log-level", "warning"]
THREADS = [*GUNICORN, "django_shop.wsgi", "--worker-class", "gthread", "--threads", "8"]
UVICORN = ["-m", "uvicorn", "--app-dir", str(EXAMPLES), "django_shop.asgi:application", "--port", "PORT"]
UVICORN = [*UVICORN, "--log-level", "warning"]
SERVERS = {
    "gunicorn gthread, preload": ([*THREADS, "--preload"], 2),
    "gunicorn uvicorn-worker": (
        [*GUNICORN, "django_shop.asgi:application", "--worker-class", "uvicorn_worker.UvicornWorker"],
        2,
    ),
    "uvicorn": (UVICORN, 1),
    "gunicorn gthread": (THREADS, 2),
    "uvicorn, 2 workers": ([*UVICORN, "--workers", "2"], 2),
}
USUAL = ("gunicorn gthread, preload", "gunicorn uvicorn-worker", "uvicorn")
SOAKED = [pytest.param(each, marks=pytest.mark.soak) for each in SERVERS if each not in USUAL]
TOKEN = "t" * 32
FORM = {"Content-Type": "application/x-www-form-urlencoded", "X-CSRFToken": TOKEN}


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop's database, as a deployment makes it."""
    made = tmp_path_factory.mktemp("shop") / "shop.db"
    environ = {**os.environ, "SHOP_DATABASE": str(made), "DJANGO_SETTINGS_MODULE": "django_shop.settings"}
    migrate = [sys.executable, "-W", "error", MANAGE, "migrate", "--verbosity", "0"]
    subprocess.run(migrate, env=environ, timeout=60, check=True)
    return made


@pytest.fixture
def folder(migrated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place with such a database."""
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "django_shop.settings")
    shutil.copy(migrated, tmp_path / "shop.db")
    return tmp_path


def signed_in(shop: Shop, user: str) -> dict[str, str]:
    """Returns the headers of a user who has gone through the login."""
    status, headers, text = shop.ask("POST", "/login", f"name={user}", **FORM, Cookie=f"csrftoken={TOKEN}")
    assert status == 302, text
    cookies = {name.lower(): value for name, value in headers.items()}["set-cookie"]  # of several, the last
    assert cookies.startswith("sessionid="), cookies
    return {"Cookie": f"{cookies.partition(';')[0]}; csrftoken={TOKEN}"}


def expected(kit: Reliakit, user: str) -> dict[str, Any]:
    context = {"plan": "free" if int(user[5:]) % 5 else "pro"}
    return {
        "name": user,
        "new_checkout": kit.enabled("new_checkout", user, context=context),
        "reviews": kit.enabled("reviews", user),
        "banner": kit.value("banner", "-", user=user),
    }


@pytest.mark.parametrize("server", [*USUAL, *SOAKED])
def test_every_server_shows_a_user_the_same_shop(server: str, folder: Path, kit_of) -> None:
    """Otherwise a user would see one shop by one worker, and another, or a neighbour's, by the next."""
    kit = kit_of(EXAMPLES / "django_shop" / "reliakit.yaml", store="memory")
    shops = [expected(kit, user) for user in USERS]
    assert len({tuple(each.values())[1:] for each in shops}) == 8
    command, count = SERVERS[server]
    with running("django_shop", command, folder) as shop, ThreadPoolExecutor(16) as pool:
        workers(shop, count)

        def seen(user: str) -> Any:
            return shop.get("/me", **signed_in(shop, user))

        assert list(pool.map(seen, USERS)) == shops
        visit(shop, kit)


def test_one_command_starts_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kit_of) -> None:
    """Otherwise whoever wants to see an example would have to learn how to start it."""
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE", raising=False)
    kit = kit_of(EXAMPLES / "django_shop" / "reliakit.yaml", store="memory")
    with running("django_shop", [MANAGE, "serve", BIND], tmp_path) as shop:
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
    stranger = {**FORM, "Cookie": f"csrftoken={TOKEN}"}
    assert shop.ask("POST", "/login", "name=nobody", **stranger)[0] == 403
    assert shop.ask("POST", "/orders", "item=1", **stranger)[0] == 401


def test_the_same_users_have_the_same_variants_in_every_framework(kit_of) -> None:
    """Otherwise who moves from one framework to another would move people between variants."""
    kits = [
        kit_of(EXAMPLES / name / "reliakit.yaml", store="memory") for name in ("django_shop", "flask_shop")
    ]
    for user in USERS:
        assert expected(kits[0], user) == expected(kits[1], user)
