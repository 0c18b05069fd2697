"""A whole Django application behind a shell, in `wsgi.py` or `asgi.py`, with the middleware inside."""

import asyncio
from typing import Any

from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from werkzeug.test import Client

from reliakit_django import kit
from tests.integrations.django.site import DEFINITIONS
from tests.middleware.shop import answering, ask, http, outcomes

HALVES = {**DEFINITIONS, "rollouts": {"all": {**DEFINITIONS["rollouts"]["all"], "weight": 50}}}
NAMED = {"USER": "tests.integrations.django.site.by_header", "CONFIG": HALVES}


def other(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"other"]


def counted(kit: Any) -> int:
    """Returns how many outcomes there are, of whichever slot."""
    rows = outcomes(kit)
    assert {name[1] for name in rows} == {"one", "two"}
    return sum(sum(row.values()) for row in rows.values())


def test_two_versions_share_the_requests_of_a_wsgi_server(site) -> None:
    """Otherwise a new version of the whole application could not be released, or each request would count twice."""
    site(NAMED)
    client = Client(kit().wsgi(WSGIHandler(), upstreams={"v2": other}), use_cookies=False)
    seen = []
    for _ in range(40):
        with client.get("/counted/stream", headers={"X-Name": "ann"}) as answer:
            seen.append(answer.get_data(as_text=True).strip().split("\n"))
    flag = str(kit().enabled("half", "ann"))
    assert {tuple(each) for each in seen} == {("other",), (flag,) * 3}
    assert counted(kit()) == len(seen)


def test_and_those_of_an_asgi_server(site) -> None:
    """Otherwise a new version of the whole application could not be released, or each request would count twice."""
    site(NAMED)
    django: Any = ASGIHandler()  # whose stubs want a dict where ASGI has a mapping
    app = kit().asgi(django, upstreams={"v2": answering("other")})
    flag = str(kit().enabled("half", "ann"))

    async def bodies() -> list[bytes]:
        found = []
        for _ in range(40):
            connection = http("/counted/stream-later", [(b"x-name", b"ann"), (b"host", b"testserver")])
            sent = await ask(app, connection)
            found.append(b"".join(each.get("body", b"") for each in sent))
        return found

    assert set(asyncio.run(bodies())) == {b"other", f"{flag}\n".encode() * 3}
    assert counted(kit()) == 40
