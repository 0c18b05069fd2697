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


def test_whom_the_edge_knows_is_known_inside(site) -> None:
    """Otherwise who is known by a proxy's header would be a stranger to the flags, since Django knows nobody."""
    site({"CONFIG": HALVES})
    wrapped = kit().wsgi(WSGIHandler(), identify=lambda environ: (environ["HTTP_X_NAME"], {"staff": True}))
    for user in (f"user-{number}" for number in range(10)):
        with Client(wrapped, use_cookies=False).get("/flags", headers={"X-Name": user}) as answer:
            assert answer.json == [kit().enabled("half", user), True]


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


def test_a_client_that_leaves_an_asgi_server_is_no_error(site) -> None:
    """Otherwise impatient visitors would roll a release back, or ones whose page broke off would count as served."""
    site({"CONFIG": DEFINITIONS})

    async def visit(path: str, *, begun: bool) -> None:
        """Leaves when the first block has come, or before anything has."""
        started, events = asyncio.Event(), iter([{"type": "http.request"}])

        async def receive() -> Any:
            if event := next(events, None):
                return event
            if begun:
                await started.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            if message.get("body"):
                started.set()

        connection = http(path, [(b"host", b"testserver")])
        await asyncio.wait_for(ASGIHandler()(connection, receive, send), 20)

    asyncio.run(visit("/counted/for-ever", begun=True))
    asyncio.run(visit("/counted/never", begun=False))
    assert outcomes(kit()) == {("all", "one", "split"): {"CANCELLED": 2}}
    assert not kit()._runtime.flights.open
