"""Front ends and other languages get by OFREP what the process itself would, and nobody gets more than they may."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from reliakit import Reliakit, UsageError

TOKEN = "a-token-of-32-characters-or-more"
ORIGIN = "https://shop.example.com"
ALL = "/ofrep/v1/evaluate/flags"
FLAGS: dict[str, Any] = {
    "banner": {
        "public": True,
        "owner": "growth",
        "variants": {"plain": "#444", "loud": {"colour": "#f60", "sizes": [1, 2.5]}},
        "rules": [{"if": {"plan": "pro"}, "value": "loud"}],
    },
    "split": {"public": True, "percentage": 50},
    "off": {"public": True, "enabled": False},
    "nothing": {"public": True, "variants": {"none": None}},
    "search/v2": {"public": True},
    "secret": {"owner": "payments", "percentage": 100},
}
ANN = {"context": {"targetingKey": "ann", "plan": "pro"}}


@pytest.fixture
def kit(kit_of: Callable[..., Reliakit]) -> Reliakit:
    return kit_of({"format": 1, "revision": "r7", "flags": FLAGS})


@pytest.fixture
def client(kit: Reliakit) -> Iterator[TestClient]:
    with TestClient(app_of(kit)) as client:
        yield client


def app_of(kit: Reliakit, **settings: Any) -> Any:
    settings = {"tokens": ["an-older-token-than-the-other", TOKEN], "origins": [ORIGIN], **settings}
    return Starlette(routes=[Mount("/", kit.ofrep_asgi(**settings))])


def ask(
    client: TestClient, key: str = "", body: Any = ANN, token: str | None = None, **headers: str
) -> httpx.Response:
    said = {"authorization": f"Bearer {token}"} if token else {}
    return client.post(f"{ALL}/{key}" if key else ALL, json=body, headers={**said, **headers})  # type: ignore[return-value]


def test_one_flag_is_answered_with_variant_and_reason(client: TestClient) -> None:
    """Otherwise a page shows another banner than the server that rendered it."""
    found = ask(client, "banner")
    assert found.status_code == 200
    assert found.headers["content-type"] == "application/json"
    assert found.json() == {
        "key": "banner",
        "value": {"colour": "#f60", "sizes": [1, 2.5]},
        "variant": "loud",
        "reason": "TARGETING_MATCH",
    }
    assert ask(client, "banner", {"context": {}}).json()["value"] == "#444"
    assert ask(client, "off").json() == {"key": "off", "value": False, "variant": "off", "reason": "DISABLED"}


def test_the_answer_is_that_of_the_kit(client: TestClient, kit: Reliakit) -> None:
    """Otherwise the same user is in different halves at both ends."""
    for user in map(str, range(50)):
        found = ask(client, "split", {"context": {"targetingKey": user}}).json()
        assert found["value"] is kit.enabled("split", user)


def test_a_value_that_is_nothing_is_left_out(client: TestClient) -> None:
    """Otherwise a client takes null for a value, where it should use its own default."""
    assert ask(client, "nothing").json() == {"key": "nothing", "variant": "none", "reason": "STATIC"}


def test_a_key_may_have_slashes(client: TestClient) -> None:
    """Otherwise some flags can't be asked for at all."""
    assert ask(client, "search/v2").json()["value"] is True
    assert ask(client, "search%2Fv2").json()["value"] is True


def test_a_share_needs_somebody_to_ask(client: TestClient) -> None:
    """Otherwise those that nobody knows get an answer by chance."""
    found = ask(client, "split", {"context": {"plan": "pro"}})
    assert found.status_code == 400
    assert found.json()["errorCode"] == "TARGETING_KEY_MISSING"


def test_all_public_flags_are_answered_at_once(client: TestClient) -> None:
    """Otherwise a page needs a request for each flag, or one that fails takes all others with it."""
    found = {flag["key"]: flag for flag in ask(client, body={"context": {}}).json()["flags"]}
    assert found.keys() == FLAGS.keys() - {"secret"}
    assert found["split"]["errorCode"] == "TARGETING_KEY_MISSING"
    assert found["banner"]["value"] == "#444"


def test_others_don_t_learn_that_a_private_flag_exists(client: TestClient) -> None:
    """Otherwise names of products that nobody knows yet are on the internet."""
    private, missing = ask(client, "secret"), ask(client, "nowhere")
    assert private.status_code == missing.status_code == 404
    assert private.json() == {**missing.json(), "key": "secret"}
    assert "secret" not in ask(client).text
    assert "growth" not in ask(client).text


def test_a_token_opens_all_flags_and_what_is_said_beside(client: TestClient) -> None:
    """Otherwise servers in other languages can't use what is not public."""
    found = ask(client, "secret", token=TOKEN).json()
    assert found["metadata"] == {"owner": "payments", "version": "r7"}
    assert {flag["key"] for flag in ask(client, token=TOKEN).json()["flags"]} == FLAGS.keys()
    assert ask(client, "secret", token="an-older-token-than-the-other").status_code == 200


@pytest.mark.parametrize(
    "said",
    ["Bearer wrong", "Bearer", "", "Basic YTpi", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x", "Bearer \xff"],
)
@pytest.mark.parametrize("key", ["", "banner", "secret"])
def test_a_wrong_token_is_refused(client: TestClient, said: str, key: str) -> None:
    """Otherwise whoever mistyped a token goes on with fewer flags, and does not know it."""
    headers = {"authorization": said.encode("latin-1")}
    found = client.post(f"{ALL}/{key}" if key else ALL, json=ANN, headers=headers)  # type: ignore[arg-type]
    assert found.status_code == 401
    assert found.headers["www-authenticate"] == "Bearer"


def test_what_is_known_is_not_sent_again(client: TestClient) -> None:
    """Otherwise every poll of every page costs the whole answer."""
    tag = ask(client).headers["etag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        found = ask(client, **{"if-none-match": known})
        assert (found.status_code, found.content, found.headers["etag"]) == (304, b"", tag)
    for body, token, known in ((ANN, None, '"other"'), ({"context": {}}, None, tag), (ANN, TOKEN, tag)):
        assert ask(client, body=body, token=token, **{"if-none-match": known}).status_code == 200


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "PARSE_ERROR"),
        (b"{", "PARSE_ERROR"),
        (b"[]", "PARSE_ERROR"),
        (b"null", "PARSE_ERROR"),
        (b"\xff", "PARSE_ERROR"),
        (b"[" * 60_000, "PARSE_ERROR"),
        (b'{"context": NaN}', "PARSE_ERROR"),
        (b'{"context": null}', "INVALID_CONTEXT"),
        (b'{"context": []}', "INVALID_CONTEXT"),
        (b'{"context": {"targetingKey": 7}}', "INVALID_CONTEXT"),
    ],
)
@pytest.mark.parametrize("key", ["", "/banner"])
def test_a_body_that_is_no_request_is_refused(client: TestClient, body: bytes, code: str, key: str) -> None:
    """Otherwise a mistake in a client looks like an answer, or like our mistake."""
    found = client.post(ALL + key, content=body, headers={"content-type": "application/json"})
    assert (found.status_code, found.json()["errorCode"]) == (400, code)


def test_nobody_can_send_more_than_the_limit(kit: Reliakit) -> None:
    """Otherwise one request takes the memory of the process."""
    with TestClient(app_of(kit, limit=100)) as client:
        headers = {"content-type": "application/json"}
        small, large = json.dumps({"x": "y" * 80}), json.dumps({"x": "y" * 95})
        assert client.post(ALL, content=small, headers=headers).status_code == 200
        assert client.post(ALL, content=large, headers=headers).status_code == 413
        chunks = iter([b"{", *[b" "] * 100])
        assert client.post(ALL, content=chunks, headers=headers).status_code == 413


def test_a_body_has_to_be_json_by_its_name_too(client: TestClient) -> None:
    """Otherwise a page of somebody else sends requests that no browser asks us about before."""
    for name in ("text/plain", "application/x-www-form-urlencoded", ""):
        assert client.post(ALL, content=b"{}", headers={"content-type": name}).status_code == 415
    named = {"content-type": "Application/JSON; charset=utf-8"}
    assert client.post(ALL, content=b"{}", headers=named).status_code == 200


def test_other_methods_and_paths_are_refused(client: TestClient) -> None:
    """Otherwise a client that has it wrong finds no reason why."""
    for method in ("GET", "HEAD", "PUT", "DELETE", "PATCH"):
        found = client.request(method, ALL)
        assert (found.status_code, found.headers["allow"]) == (405, "POST, OPTIONS")
    for path in ("/", "/ofrep/v1/evaluate", "/ofrep/v1/evaluate/flagsy", "/x/ofrep/v1/evaluate/flags"):
        assert client.post(path, json=ANN).status_code == 404


@pytest.mark.parametrize("key", ["", "banner", "nowhere"])
def test_pages_of_the_listed_origins_may_read_answers(client: TestClient, key: str) -> None:
    """Otherwise our own front end is shut out, or everybody else's is let in."""
    found = ask(client, key, origin=ORIGIN)
    assert found.headers["access-control-allow-origin"] == ORIGIN
    assert found.headers["access-control-expose-headers"] == "etag"
    for origin in (
        "https://evil.example.com",
        f"{ORIGIN}.evil.example",
        "null",
        ORIGIN.replace("https", "http"),
    ):
        other = ask(client, key, origin=origin)
        assert not any(name.startswith("access-control") for name in other.headers)
        assert other.headers["vary"] == "origin"


def test_a_browser_may_ask_before_it_asks(client: TestClient, kit: Reliakit) -> None:
    """Otherwise no page can send a token or JSON."""
    asks = {"access-control-request-method": "POST", "access-control-request-headers": "authorization"}
    found = client.options(f"{ALL}/banner", headers={"origin": ORIGIN, **asks})
    assert (found.status_code, found.headers["access-control-allow-methods"]) == (204, "POST")
    for name in ("authorization", "content-type", "if-none-match"):
        assert name in found.headers["access-control-allow-headers"]
    other = client.options(ALL, headers={"origin": "https://evil.example.com", **asks})
    assert "access-control-allow-origin" not in other.headers
    with TestClient(app_of(kit, origins=["*"])) as anybody:
        assert ask(anybody, origin="https://any.example").headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize(
    "settings",
    [{"tokens": ["short"]}, {"origins": ["shop.example.com"]}, {"origins": ["https://shop.example.com/"]}],
)
def test_settings_that_protect_nothing_are_refused(kit: Reliakit, settings: dict[str, Any]) -> None:
    """Otherwise a token that can be guessed, or an origin that matches nothing, looks like protection."""
    with pytest.raises(UsageError):
        kit.ofrep_asgi(**settings)


@pytest.mark.parametrize("place", ["/flags", "/a/b"])
def test_it_can_be_mounted_anywhere(kit: Reliakit, place: str) -> None:
    """Otherwise an application has to give up its own paths."""
    app = Starlette(routes=[Mount(place, kit.ofrep_asgi())])
    with TestClient(app) as client, TestClient(kit.asgi(app), root_path="/behind") as behind:
        assert client.post(f"{place}{ALL}/banner", json=ANN).status_code == 200
        assert client.post(f"{place}/nowhere", json=ANN).status_code == 404
        assert behind.post(f"{place}{ALL}/banner", json=ANN).status_code == 200


def test_whoever_visits_the_application_around_it_is_not_the_user(kit: Reliakit) -> None:
    """Otherwise the answer depends on a cookie that nobody who reads the request can see."""
    app = kit.asgi(Starlette(routes=[Mount("/", kit.ofrep_asgi())]), identify=lambda connection: "ann")
    with TestClient(app) as client:
        assert client.post(f"{ALL}/split", json={"context": {}}).status_code == 400


def test_flags_that_change_are_answered_as_they_are_now(kit: Reliakit, client: TestClient) -> None:
    """Otherwise pages go on with what was in force when the process began."""
    tag = ask(client).headers["etag"]
    with kit.override({"banner": "plain"}):
        found = ask(client, **{"if-none-match": tag})
        assert found.status_code == 200
        assert found.json()["flags"][0]["value"] == "#444"


def test_flagd_s_flags_are_public_by_their_metadata(kit_of: Callable[..., Reliakit]) -> None:
    """Otherwise flags of another format can't be shown to pages at all."""
    flag = {"state": "ENABLED", "variants": {"on": True}, "defaultVariant": "on"}
    shown, broken = {**flag, "metadata": {"public": True}}, {"state": "ENABLED"}
    kit = kit_of({"format": "flagd", "flags": {"shown": shown, "hidden": flag, "broken": broken}})
    with TestClient(app_of(kit)) as client:
        assert ask(client, "shown").json()["value"] is True
        assert ask(client, "hidden").status_code == 404
        assert ask(client, "hidden", token=TOKEN).status_code == 200
        assert ask(client, "broken").status_code == 404  # nobody knows what it would have said
        assert ask(client, "broken", token=TOKEN).json()["errorCode"] == "PARSE_ERROR"
