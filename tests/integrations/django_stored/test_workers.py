"""Every worker of a server hears of what is edited in the database."""

from pathlib import Path

import pytest

from reliakit_django.stored.models import StoredFlag
from tests.integrations.django_stored.test_admin import _client, _page
from tests.servers.serving import Server, serving, until

_APP = "tests.integrations.django_stored.served"
_WORKERS = 2
SERVERS = {
    "gunicorn": [
        *(
            "-m",
            "gunicorn",
            f"{_APP}:wsgi",
            "--bind",
            "127.0.0.1:PORT",
            "--log-level",
            "warning",
            "--preload",
        ),
        *("--worker-class", "gthread", "--workers", str(_WORKERS)),
    ],
    "uvicorn": [
        *("-m", "uvicorn", f"{_APP}:asgi", "--port", "PORT", "--log-level", "warning"),
        *("--lifespan", "off", "--workers", str(_WORKERS)),
    ],
}


def _told(server: Server, beta: bool) -> set[int]:
    """Returns the workers that say so, once all of them do."""
    said: dict[int, bool] = {}

    def all_of_them() -> bool:
        answer = server.ask()
        said[answer["pid"]] = answer["beta"]
        return len(said) == _WORKERS and set(said.values()) == {beta}

    until(all_of_them, 20)
    return set(said)


@pytest.mark.parametrize("name", SERVERS)
def test_an_edit_reaches_every_worker(name: str, database: Path) -> None:
    """Otherwise a flag would be on or off by which worker a request happens to meet, until the next deployment."""
    flag = StoredFlag(key="beta", definition="percentage: 0")
    flag.save(by="ann")
    admin = _client("bob")
    with serving(SERVERS[name], database) as server:
        workers = _told(server, False)
        said = {"definition": "{}", "percentage": "", "reason": "everybody"}
        assert admin.post(_page("storedflag_change", flag.pk), said).status_code == 302
        assert _told(server, True) == workers
        flag = StoredFlag.objects.get()
        flag.killed = True
        flag.save(by="ann")
        assert _told(server, False) == workers
