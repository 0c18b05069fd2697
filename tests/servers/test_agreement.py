"""Every server, worker and thread tells the same person the same."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.middleware.shop import KEY
from tests.servers.serving import Server, gunicorn, serving, until, uvicorn

CONFIG = f"""\
format: 1
identity:
  targeting_key: [header, anonymous_cookie]
  header: X-User-Id
  trusted_proxies: [127.0.0.1]
  cookie: {{keys: [{KEY}]}}
flags:
  half: {{percentage: 50}}
  banner:
    variants: {{plain: "#444", loud: "#f60", shy: "#eee"}}
    split: {{plain: 40, loud: 30, shy: 30}}
  live: {{percentage: 0}}
upstreams: {{shop-v2: in_process}}
rollouts:
  shop: {{slots: {{blue: {{upstream: app}}, green: {{upstream: shop-v2}}}}, initial: blue, weight: 30}}
routes: [{{path_prefix: /shop, rollout: shop}}]
"""
USERS = [f"user-{number}" for number in range(120)]
TOLD = ("version", "half", "banner")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "reliakit.yaml"
    path.write_text(CONFIG)
    return path


def told(answer: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(answer[name] for name in TOLD)


def by_server(server: Server) -> list[tuple[Any, ...]]:
    with ThreadPoolExecutor(8) as pool:
        return [
            told(answer) for answer in pool.map(lambda user: server.ask(headers={"X-User-Id": user}), USERS)
        ]


@pytest.fixture
def expected(config: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What Starlette's own test client sees."""
    monkeypatch.setenv("SHOP_CONFIG", str(config))
    import importlib

    import tests.servers.shop as module

    shop = importlib.reload(module)
    with TestClient(shop.asgi, client=("127.0.0.1", 50000)) as client:
        answers = [client.get("/shop", headers={"X-User-Id": user}).json() for user in USERS]
    assert shop.kit.close()
    return [told(answer) for answer in answers]


def test_the_sample_is_worth_comparing(expected: list[tuple[Any, ...]]) -> None:
    """Otherwise all servers could agree on serving one thing to everybody."""
    assert {version for version, _, _ in expected} == {"v1", "v2"}
    assert {half for _, half, _ in expected} == {True, False}
    assert len({banner for _, _, banner in expected}) == 3


@pytest.mark.parametrize(
    "command",
    [uvicorn(2), gunicorn(2, 4, preload=True), gunicorn(2, 4, preload=False)],
    ids=["uvicorn 2 workers", "gunicorn 2x4 preload", "gunicorn 2x4"],
)
def test_servers_agree_with_the_test_client(command: list[str], config: Path, expected: Any) -> None:
    """Otherwise a person would see one version by one worker and another by the next."""
    with serving(command, config) as server:
        server.workers(2)
        assert by_server(server) == expected
        assert by_server(server) == expected


@pytest.mark.parametrize(
    "command", [uvicorn(2), gunicorn(2, 4, preload=True)], ids=["uvicorn", "gunicorn preload"]
)
def test_an_edit_reaches_every_worker(command: list[str], config: Path) -> None:
    """Otherwise updates would silently stop in forked workers, the most reported fault of today's SDKs."""
    with serving(command, config) as server:
        workers = server.workers(2)
        config.write_text(CONFIG.replace("live: {percentage: 0}", "live: {percentage: 100}"))
        switched: set[int] = set()

        def all_switched() -> bool:
            answer = server.ask()
            if answer["live"]:
                switched.add(answer["pid"])
            return switched >= workers

        until(all_switched)


@pytest.mark.parametrize(
    "command", [uvicorn(2), gunicorn(2, 4, preload=True)], ids=["uvicorn", "gunicorn preload"]
)
def test_a_worker_born_on_a_bad_file_runs_what_its_siblings_run(command: list[str], config: Path) -> None:
    """Otherwise a recycled worker would take the site down on the day of a bad edit."""
    import os
    import signal

    live = CONFIG.replace("live: {percentage: 0}", "live: {percentage: 100}")
    with serving(command, config) as server:
        workers = server.workers(2)
        config.write_text(live)
        until(lambda: all(server.ask()["live"] for _ in range(10)))
        config.write_text(live.replace("percentage: 50", "percentage: fifty") + "bogus: 1\n")
        seen: dict[int, int] = {}

        def all_report() -> bool:
            answer = server.ask()
            assert answer["live"]
            seen[answer["pid"]] = answer["problems"]
            return all(seen.get(pid) for pid in workers)

        until(all_report)
        victim = min(workers)
        os.kill(victim, signal.SIGKILL)

        newborn = until(lambda: stranger(server, workers), 20)
        assert newborn["live"]
        assert newborn["problems"] == 2


def stranger(server: Server, workers: set[int]) -> dict[str, Any] | None:
    """Returns an answer of a worker that is none of `workers`, if one answers."""
    answer = server.ask() if server.answers() else None
    return answer if answer and answer["pid"] not in workers else None


def test_threads_and_tasks_never_mix_up_their_visitors(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise one visitor's identity would leak into another's page."""
    from reliakit import Reliakit

    kit = Reliakit(str(config))

    async def one(user: str) -> bool:
        with kit.identify(user):
            await asyncio.sleep(0)
            inside = await asyncio.to_thread(kit.enabled, "half")
            await asyncio.sleep(0)
            return inside == kit.enabled("half") == kit.enabled("half", user)

    async def everybody() -> list[bool]:
        return await asyncio.gather(*(one(user) for user in USERS))

    assert all(asyncio.run(everybody()))
    assert kit._runtime.scope.get() is None
    assert kit.close()
