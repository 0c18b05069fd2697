"""`reliakit override`."""

import json

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from reliakit import Reliakit
from tests.cli.running import reliakit

KEY = "a-key-for-tests-of-overrides"
FORCED = ("--slot", "shop=green", "--flag", "new_checkout=on")


@pytest.fixture
def client():
    kit = Reliakit(
        {
            "flags": {"new_checkout": {"percentage": 0}},
            "overrides": {"keys": [KEY]},
            "upstreams": {"shop-green": "in_process"},
            "rollouts": {
                "shop": {
                    "slots": {"blue": {"upstream": "app"}, "green": {"upstream": "shop-green"}},
                    "initial": "blue",
                }
            },
            "routes": [{"path_prefix": "/", "rollout": "shop"}],
        }
    )

    def page(name: str) -> Starlette:
        async def answer(request: Request) -> PlainTextResponse:
            return PlainTextResponse(f"{name} {kit.enabled('new_checkout')}")

        return Starlette(routes=[Route("/", answer)])

    with TestClient(kit.asgi(page("blue"), upstreams={"shop-green": page("green")})) as client:
        yield client


def headers(*arguments: str, env: dict[str, str] | None = None) -> list[dict[str, str]]:
    found = reliakit("override", *arguments, env=env)
    assert found.returncode == 0, found.stderr
    return [dict([line.split(": ", 1)]) for line in found.stdout.splitlines()]


def test_the_printed_header_and_cookie_each_force_the_slot_and_the_flag(client):
    assert client.get("/").text == "blue False"
    for header in headers(*FORCED, "--key", KEY):
        client.cookies.clear()
        assert client.get("/", headers=header).text == "green True"


def test_a_key_from_the_environment_signs_as_the_key_itself_does(client):
    header, _ = headers(*FORCED, "--key", "env:MY_KEY", env={"MY_KEY": KEY})
    assert client.get("/", headers=header).text == "green True"


def test_another_key_forces_nothing(client):
    for header in headers(*FORCED, "--key", "another-key-of-enough-length"):
        client.cookies.clear()
        assert client.get("/", headers=header).text == "blue False"


def test_a_program_gets_the_parts(client):
    found = json.loads(reliakit("override", *FORCED, "--key", KEY, "--json").stdout)
    assert client.get("/", headers={found["header"]: found["value"]}).text == "green True"
    client.cookies.clear()
    assert client.get("/", headers={"cookie": f"{found['cookie']}={found['value']}"}).text == "green True"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--key", KEY), "nothing to force"),
        (("--slot", "shop", "--key", KEY), "expected NAME=VALUE"),
        ((*FORCED, "--key", "short"), "16 characters or more"),
        ((*FORCED, "--key", "env:NOT_SET"), "no variable 'NOT_SET'"),
        (FORCED, "--key"),
    ],
)
def test_a_slip_is_a_usage_error_and_signs_nothing(arguments, said):
    found = reliakit("override", *arguments)
    assert (found.returncode, found.stdout) == (2, "")
    assert said in found.stderr
