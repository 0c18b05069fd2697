"""The middleware, under Django's own clients: who asks, what is answered, what is counted."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.db import connection
from django.test import AsyncClient, Client
from django.test.utils import CaptureQueriesContext

from tests.middleware.shop import outcomes

CONTEXT = {"CONTEXT": "tests.integrations.django.site.staff"}
BY_HEADER = {"USER": "tests.integrations.django.site.by_header"}


def signed_in(user: User | None, client: Any = Client) -> Any:
    made = client()
    if user is not None:
        made.force_login(user)
    return made


def asked(client: Any, path: str, **more: Any) -> Any:
    answer = client.get(path, **more)
    assert answer.status_code == 200, answer
    return answer.json() if answer["Content-Type"] == "application/json" else answer.content.decode()


def asked_later(client: AsyncClient, path: str, **more: Any) -> Any:
    return async_to_sync(client.get)(path, **more)  # in this thread, whose database is that of the test


def counted(kit: Any) -> dict[str, int]:
    rows = outcomes(kit)
    assert set(rows) <= {("all", "one", "split")}
    return rows.get(("all", "one", "split"), {})


@contextmanager
def queries(count: int) -> Any:
    with CaptureQueriesContext(connection) as captured:
        yield
    assert len(captured) == count, [each["sql"] for each in captured]


def test_views_ask_for_whoever_is_signed_in(site, people) -> None:
    """Otherwise every view would have to say who its visitor is."""
    kit = site(CONTEXT)
    for user in people:
        expected = [kit.enabled("half", user.pk), user.is_staff]
        assert asked(signed_in(user), "/flags") == expected
        assert asked(signed_in(user), "/flags-later") == expected
        assert asked_later(signed_in(user, AsyncClient), "/flags").json() == expected
        assert asked_later(signed_in(user, AsyncClient), "/flags-later").json() == expected
    assert {kit.enabled("half", user.pk) for user in people} == {True, False}


def test_nobody_is_asked_for_in_vain(site, people) -> None:
    """Otherwise pages without a flag, and visitors without an account, would pay for queries."""
    site(CONTEXT)
    stranger, user = signed_in(None), signed_in(people[0])
    with queries(0):
        asked(user, "/plain")
        asked(stranger, "/plain")
        asked(stranger, "/flags")
    with queries(2):  # the session and the user, for three flags and a context
        asked(user, "/flags")


def test_strangers_get_a_cookie_where_a_flag_needs_it(site) -> None:
    """Otherwise a browser would see another variant on each page, or pages without flags could not be cached."""
    kit, client = site(), signed_in(None)
    for path in ("/flags", "/flags-later"):
        answer = client.get(path)
        assert answer["Vary"] == "Cookie"
        assert {asked(client, path)[0] for _ in range(5)} == {answer.json()[0]}
    plain = signed_in(None).get("/plain")
    assert not plain.cookies
    assert "Vary" not in plain
    cookie = signed_in(None).get("/flags", secure=True).cookies[kit.status() and "reliakit_id"]
    assert (cookie["secure"], cookie["httponly"], cookie["samesite"], cookie["path"]) == (
        True,
        True,
        "Lax",
        "/",
    )


class From(AsyncClient):
    """A client at an address."""

    def __init__(self, peer: str) -> None:
        super().__init__()
        self._peer = peer

    def _base_scope(self, **request: Any) -> Any:
        scope: Any = super()._base_scope(**request)  # type: ignore[misc]
        return {**scope, "client": [self._peer, 80]}


def test_what_others_may_not_send_is_stripped(site) -> None:
    """Otherwise anybody could ask as anybody else, or views would believe the header."""
    site()
    for peer, seen in {"203.0.113.9": "None", "10.1.2.3": "ann"}.items():
        answer = Client().get("/counted/status/200", headers={"X-User-Id": "ann"}, REMOTE_ADDR=peer)
        assert answer.content.decode() == seen
        later = asked_later(From(peer), "/counted/status/200", headers={"X-User-Id": "ann"})
        assert later.content.decode() == seen


@pytest.mark.parametrize("client", [Client, AsyncClient])
def test_answers_count_by_their_status(site, client: type) -> None:
    """Otherwise releases would be judged by nothing, or by what did not happen."""
    kit, made = site(), client(raise_request_exception=False)

    def ask(path: str) -> Any:
        return asked_later(made, path) if client is AsyncClient else made.get(path)

    for code in (200, 301, 404, 500, 503):
        assert ask(f"/counted/status/{code}").status_code == code
    assert ask("/counted/nowhere").status_code == 404
    assert ask("/counted/fails").status_code == 500
    assert ask("/counted/fails-later").status_code == 500
    if client is Client:  # in async code, Django warns of files
        assert b"".join(made.get("/counted/file"))
    else:
        assert ask("/counted/status/204").status_code == 204
    assert counted(kit) == {"SUCCESS": 3, "CLIENT_ERROR": 2, "ERROR": 4}
    assert not kit._runtime.flights.open


def test_exceptions_that_pass_through_count_as_errors(site) -> None:
    """Otherwise a server that shows exceptions by itself would hide them from us."""
    kit = site(DEBUG_PROPAGATE_EXCEPTIONS=True)
    for path in ("/counted/fails", "/counted/fails-later"):
        with pytest.raises(ValueError, match="of the test"):
            Client().get(path)
        with pytest.raises(ValueError, match="of the test"):
            asked_later(AsyncClient(), path)
    assert counted(kit) == {"ERROR": 4}


def test_streams_are_their_visitors_and_count_when_they_end(site, people) -> None:
    """Otherwise the second half of a long page would be a stranger's, and one that broke off a success."""
    kit = site()
    for user in people:
        answer = signed_in(user).get("/counted/stream")
        before = counted(kit).get("SUCCESS", 0)
        assert answer.streaming
        assert b"".join(answer).split() == [str(kit.enabled("half", user.pk)).encode()] * 3
        assert counted(kit).get("SUCCESS", 0) == before + 1
    broken = signed_in(people[0]).get("/counted/broken-stream")
    with pytest.raises(ValueError, match="of the test"):
        list(broken)
    left = signed_in(people[0]).get("/counted/stream")
    next(iter(left))
    left.close()
    assert counted(kit) == {"SUCCESS": len(people), "ERROR": 1, "CANCELLED": 1}


def test_asynchronous_streams_too(site, people) -> None:
    """Otherwise the second half of a long page would be a stranger's, and one that broke off a success."""
    kit = site()

    async def read(user: User, path: str = "/counted/stream-later", blocks: int = 4) -> list[bytes]:
        client = AsyncClient()
        await client.aforce_login(user)
        answer: Any = await client.get(path)
        found: list[bytes] = []
        assert answer.is_async
        content = aiter(answer)
        while len(found) < blocks:
            found.append(await anext(content, b"end"))
        answer.close()
        return found

    for user in people:
        before = counted(kit).get("SUCCESS", 0)
        expected = f"{kit.enabled('half', user.pk)}\n".encode()
        assert async_to_sync(read)(user) == [*[expected] * 3, b"end"]
        assert counted(kit).get("SUCCESS", 0) == before + 1
    with pytest.raises(ValueError, match="of the test"):
        async_to_sync(read)(people[0], "/counted/broken-stream-later")
    async_to_sync(read)(people[0], blocks=1)
    assert counted(kit) == {"SUCCESS": len(people), "ERROR": 1, "CANCELLED": 1}


def test_threads_never_mix_up_their_visitors(site) -> None:
    """Otherwise one visitor's identity would leak into another's page."""
    kit, users = site(BY_HEADER), [f"user-{number}" for number in range(200)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda user: asked(Client(headers={"X-Name": user}), "/half-twice"), users))
    assert answers == [[kit.enabled("half", user)] * 2 for user in users]


def test_tasks_never_mix_up_their_visitors(site) -> None:
    """Otherwise one visitor's identity would leak into another's page."""
    from tests.integrations.django import site as views

    kit, users = site(BY_HEADER), [f"user-{number}" for number in range(200)]

    async def all_of_them() -> list[Any]:
        views.gathering, views.expected = asyncio.Event(), len(users)
        asking = [AsyncClient().get("/half-twice-later", headers={"X-Name": user}) for user in users]
        return [answer.json() for answer in await asyncio.gather(*asking)]

    assert async_to_sync(all_of_them)() == [[kit.enabled("half", user)] * 2 for user in users]


def test_who_signs_in_is_known_at_once(site, people) -> None:
    """Otherwise the page after a login would still be the stranger's."""
    kit = site()
    for user in people:
        after = kit.enabled("half", user.pk)
        assert asked(signed_in(None), f"/signs-in/{user.username}")[1] == after
        assert asked(signed_in(None), f"/signs-in-later/{user.username}")[1] == after


def test_what_a_view_says_of_its_user_counts(site, people) -> None:
    """Otherwise a view that knows better would not be heard, or would have been for good."""
    kit, user = site(CONTEXT), people[1]
    somebody, own = kit.enabled("half", "somebody"), kit.enabled("half", user.pk)
    expected = [somebody, True, own, kit.enabled("half", "user-in-view"), True]
    assert asked(signed_in(user), "/says") == expected


@pytest.mark.parametrize("user", ["by_header", "by_header_later"])
@pytest.mark.parametrize("context", ["staff", "staff_later"])
@pytest.mark.parametrize("path", ["/flags", "/flags-later"])
def test_the_settings_say_who_is_asking(site, people, user: str, context: str, path: str) -> None:
    """Otherwise projects whose users are not those of Django would have no flags, or only in half of their views."""
    here = "tests.integrations.django.site"
    kit = site({"USER": f"{here}.{user}", "CONTEXT": f"{here}.{context}"})
    for name in ("user-1", "user-2", "user-3", "user-4"):
        for client in (Client, AsyncClient):
            ask = asked_later if client is AsyncClient else Client.get
            answer = ask(signed_in(people[0], client), path, headers={"X-Name": name})
            assert answer.json() == [kit.enabled("half", name), True]


@pytest.mark.parametrize("path", ["/flags", "/flags-later"])
def test_a_user_who_cannot_be_found_out_breaks_no_page(
    site, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Otherwise a flag would take down pages that work without it."""
    site({"USER": lambda request: 1 // 0})
    assert asked(signed_in(None), path)[1] is False
    assert "the callable that gives the user or the context failed" in caplog.text


def test_a_callable_may_check_a_flag_itself(site) -> None:
    """Otherwise who tells who is asking would be asked without end."""
    site({"USER": lambda request: "ann" if request.reliakit.enabled("on") else "bob"})
    assert asked(signed_in(None), "/flags") == [site().enabled("half", "ann"), False]


def test_async_views_are_told_how_to_ask(site, people, caplog: pytest.LogCaptureFixture) -> None:
    """Otherwise users would get the variants of strangers, and nobody would know why."""
    kit = site()
    for user in people[:6]:
        answer = asked_later(signed_in(user, AsyncClient), "/too-early").json()
        assert answer[1] == kit.enabled("half", user.pk), "known since the view has asked for its user"
    assert "await request.reliakit.aenabled" in caplog.text


def test_routes_have_their_template_as_name(site) -> None:
    """Otherwise telemetry would have a name for each item of the shop."""
    site()
    assert asked(Client(), "/route/7/") == "/route/<int:item>/"
    assert asked(Client(), "/articles/2026/") == "/articles/(?P<year>[0-9]{4})/$"


def test_the_settings_of_a_test_have_a_kit_of_their_own(site) -> None:
    """Otherwise tests would see each other's flags."""
    first = site()
    second = site({"CONFIG": {"flags": {"half": {"enabled": False}}}})
    assert second is not first
    assert asked(Client(), "/flags")[0] is False
    assert not first.status().engine, "the kit that is left ends its thread"


def test_without_effect_it_is_still_there(site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the way out of trouble would be a server that does not start, or views without request.reliakit."""
    monkeypatch.setenv("RELIAKIT_BYPASS", "1")
    kit = site()
    assert asked(Client(), "/flags") == [False, False]
    assert asked(Client(), "/flags-later") == [False, None]
    assert kit.passages() is None
