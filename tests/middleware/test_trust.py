"""Nobody can make themselves somebody else, or pick a version, who is not allowed to."""

import asyncio
from typing import Any

import pytest

from reliakit.middleware.overrides import Forced, sign
from tests.middleware.shop import KEY, SHOP, answering, ask, header, http, outcomes
from tests.middleware.test_wsgi import environ

TRUSTED = "10.1.2.3"
Headers = list[tuple[bytes, bytes]]


class Echo:
    """Answers with nothing, and remembers the headers that reached it."""

    def __init__(self, name: str) -> None:
        self.name, self.headers = name, [(b"", b"")]

    async def __call__(self, connection: Any, receive: Any, send: Any) -> None:
        self.headers = list(connection["headers"])
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"x-version", self.name.encode())]}
        )
        await send({"type": "http.response.body", "body": b""})


def visit(kit: Any, headers: Headers, peer: str) -> tuple[str, Headers]:
    """Returns the version that answered, and the headers that reached it."""
    v1, v2 = Echo("v1"), Echo("v2")
    sent = asyncio.run(ask(kit.asgi(v1, upstreams={"shop-v2": v2}), http(headers=headers, peer=peer)))
    version = (header(sent, b"x-version") or b"").decode()
    return version, (v1 if version == "v1" else v2).headers


def user_in(kit: Any, version: str) -> bytes:
    """Returns a user whom the rollout sends to a version."""
    for number in range(100):
        user = f"user-{number}".encode()
        if visit(kit, [(b"x-user-id", user)], TRUSTED)[0] == version:
            return user
    raise AssertionError


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_a_trusted_proxy_says_who_is_asking(kit_of: Any, version: str) -> None:
    """Otherwise signed-in users would be split by browser, not by person."""
    kit = kit_of(SHOP)
    user = user_in(kit, version)
    found, headers = visit(kit, [(b"x-user-id", user)], TRUSTED)
    assert found == version
    assert (b"x-user-id", user) in headers


def test_a_forged_identity_changes_nothing_and_is_stripped(kit_of: Any) -> None:
    """Otherwise anybody could take another's place, in the split and in the app."""
    kit = kit_of(SHOP)
    canary_user = user_in(kit, "v2")
    seen = set()
    for _ in range(40):
        version, headers = visit(kit, [(b"x-user-id", canary_user), (b"accept", b"*/*")], "203.0.113.9")
        seen.add(version)
        assert headers == [(b"accept", b"*/*")]
    assert seen == {"v1", "v2"}


def test_a_signed_override_picks_the_slot_and_is_left_out_of_the_evidence(kit_of: Any) -> None:
    """Otherwise testers could not look at a canary, or would be counted as its traffic."""
    kit = kit_of(SHOP)
    token = sign(Forced(slots={"shop": "green"}), KEY).encode()
    for _ in range(10):
        assert visit(kit, [(b"x-reliakit-override", token)], "203.0.113.9") == ("v2", [])
    assert outcomes(kit) == {("shop", "green", "forced"): {"SUCCESS": 10}}


@pytest.mark.parametrize(
    "token",
    [
        b"slot.shop=green",
        sign(Forced(slots={"shop": "green"}), "another-key-of-32-characters-000").encode(),
        sign(Forced(slots={"shop": "blue"}), KEY).replace("blue", "green").encode(),
        b"x" * 5000,
        b"\xff\xfe",
        b"",
    ],
    ids=["unsigned", "foreign key", "tampered", "long", "binary", "empty"],
)
@pytest.mark.parametrize("carrier", ["header", "cookie"])
def test_a_forged_override_changes_nothing_and_is_stripped(kit_of: Any, token: bytes, carrier: str) -> None:
    """Otherwise anybody could force a slot, or smuggle the attempt into the app."""
    kit = kit_of({**SHOP, "rollouts": {"shop": {**SHOP["rollouts"]["shop"], "weight": 0}}})
    forged = (
        (b"x-reliakit-override", token)
        if carrier == "header"
        else (b"cookie", b"a=1; reliakit_override=" + token)
    )
    version, headers = visit(kit, [forged], "203.0.113.9")
    assert version == "v1"
    assert headers == ([] if carrier == "header" else [(b"cookie", b"a=1")])
    assert list(outcomes(kit)) == [("shop", "blue", "split")]


def test_an_environment_may_allow_unsigned_overrides(kit_of: Any) -> None:
    """Otherwise trying a slot on a laptop would need a key."""
    kit = kit_of({**SHOP, "environment": "development", "overrides": {"unsigned_in": ["development"]}})
    assert visit(kit, [(b"x-reliakit-override", b"slot.shop=green")], "203.0.113.9")[0] == "v2"


def test_a_signed_override_forces_a_flag_for_its_request_alone(kit_of: Any) -> None:
    """Otherwise testers could not see a flag, or everybody would."""
    kit = kit_of({**SHOP, "routes": [], "flags": {"new": {"percentage": 0}}})
    seen: list[bool] = []

    async def app(connection: Any, receive: Any, send: Any) -> None:
        seen.append(kit.enabled("new"))

    token = sign(Forced(flags={"new": "on"}), KEY).encode()
    shell = kit.asgi(app)
    asyncio.run(ask(shell, http(headers=[(b"x-reliakit-override", token)])))
    asyncio.run(ask(shell, http()))
    assert seen == [True, False]


def test_a_forged_cookie_makes_a_new_visitor(kit_of: Any) -> None:
    """Otherwise anybody could choose a bucket by trying names."""
    kit = kit_of(SHOP)
    app = kit.asgi(answering("v1"), upstreams={"shop-v2": answering("v2")})
    forged = asyncio.run(ask(app, http(headers=[(b"cookie", b"reliakit_id=me.c2lnbmF0dXJl")])))
    assert header(forged, b"set-cookie") is not None


def test_cookies_survive_a_rotation_of_keys(kit_of: Any) -> None:
    """Otherwise every visitor would be split anew when a key is replaced."""
    newer = "fedcba9876543210fedcba9876543210"
    before = kit_of(SHOP).asgi(answering("v1"), upstreams={"shop-v2": answering("v2")})
    rotated = {**SHOP, "identity": {**SHOP["identity"], "cookie": {"keys": [newer, KEY]}}}
    after = kit_of(rotated).asgi(answering("v1"), upstreams={"shop-v2": answering("v2")})
    for _ in range(20):
        first = asyncio.run(ask(before, http()))
        cookie = (header(first, b"set-cookie") or b"").split(b";")[0]
        again = asyncio.run(ask(after, http(headers=[(b"cookie", cookie)])))
        assert header(again, b"set-cookie") is None
        assert again[1]["body"] == first[1]["body"]


def test_wsgi_strips_what_is_forged_too(kit_of: Any) -> None:
    """Otherwise Flask and Django apps could be lied to where FastAPI apps can't."""
    kit = kit_of({**SHOP, "rollouts": {"shop": {**SHOP["rollouts"]["shop"], "weight": 0}}})
    seen: list[dict[str, Any]] = []

    def app(environ: Any, start_response: Any) -> list[bytes]:
        seen.append(environ)
        start_response("200 OK", [])
        return []

    forged = {
        "HTTP_X_USER_ID": "boss",
        "HTTP_X_RELIAKIT_OVERRIDE": "slot.shop=green",
        "HTTP_COOKIE": "a=1; reliakit_override=slot.shop=green",
    }
    list(kit.wsgi(app, upstreams={"shop-v2": app})(environ(**forged), lambda *_: None))
    assert "HTTP_X_USER_ID" not in seen[0]
    assert "HTTP_X_RELIAKIT_OVERRIDE" not in seen[0]
    assert seen[0]["HTTP_COOKIE"] == "a=1"


def test_a_key_by_the_applications_own_callable_wins(kit_of: Any) -> None:
    """Otherwise apps with sessions of their own could not say who is asking before anything runs."""
    kit = kit_of({**SHOP, "routes": []})
    seen: list[str | None] = []

    async def app(connection: Any, receive: Any, send: Any) -> None:
        seen.append(kit.evaluate("half").variant)

    shell = kit.asgi(app, identify=lambda connection: connection["path"])
    for path in ("/a", "/b", "/c", "/d"):
        asyncio.run(ask(shell, http(path)))
    assert seen == [kit.evaluate("half", user=path).variant for path in ("/a", "/b", "/c", "/d")]
