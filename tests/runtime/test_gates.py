"""A webhook decides whether a release goes on: asked until it answers, by one worker, and never waited for."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

import pytest

from reliakit.rollouts.phases import Phase
from reliakit.rollouts.state import Hold
from reliakit.runtime.journal import read_entry
from reliakit.testing import ManualClock
from tests.runtime.listening import Listener, until
from tests.runtime.workers import NOW, Worker, quick


def definitions(url: str) -> Mapping[str, Any]:
    steps = [{"weight": 50, "gate": {"webhook": f"{url}/T0KEN"}}, 80]
    shop = {
        "slots": {"blue": {"upstream": "app"}, "green": {"upstream": "v2"}},
        "initial": "blue",
        "strategy": "canary",
        "steps": steps,
        "analysis": {"judge": "ratio", "guards": [{"error_rate": "10%", "for": "3s"}]},
        "release": {"to": "green", "version": "2.4.1"},
    }
    return {"format": 1, "upstreams": {"v2": "in_process"}, "rollouts": {"shop": shop}}


async def at_the_gate(tmp_path, url: str, clock: ManualClock | None = None) -> Worker:
    """Returns a worker whose release has shown enough, and waits for its webhook."""
    one = Worker(tmp_path, clock or ManualClock(time=NOW), definitions(url))
    quick(one)
    await one.beat(2)
    for _ in range(20):
        await one.beat()
        if one.joined.fleet.states["shop"].state.hold is Hold.WEBHOOK:
            return one
        one.serve("blue", 2_000, errors=20)
        one.serve("green", 2_000, errors=20)
    raise AssertionError(one.joined.fleet.states["shop"].state)


async def asked(one: Worker, beats: int = 1) -> None:
    """Beats, each with all that it began."""
    for _ in range(beats):
        await one.beat(seconds=0)
        await until(lambda: one.joined.gates.errands.idle)
        one.clock.advance(1)


def state(one: Worker) -> Any:
    return one.joined.fleet.states["shop"].state


async def sentences(one: Worker) -> list[str]:
    return [read_entry(entry.text).event.get("sentence", "") for entry in await one.store.journal()]


def test_an_approval_lets_the_release_go_on_and_says_why(tmp_path):
    """Otherwise a team's own checks could not be part of a release."""

    async def scene():
        async with Listener() as gate:
            gate.answers.append((200, {"approve": True, "reason": "smoke tests\x1b[31m passed"}))
            one = await at_the_gate(tmp_path, gate.url)
            await asked(one, 3)
            assert (state(one).step, state(one).weight) == (1, 80)
            assert "its webhook approved: smoke tests�[31m passed" in "\n".join(await sentences(one))
            await one.close()
        [heard] = gate.heard
        assert heard.json["rollout"] == "shop"
        assert heard.json["release"] == {"number": 1, "slot": "green", "version": "2.4.1"}
        assert (heard.json["step"], heard.json["weight"]) == (0, 50)
        assert heard.json["verdicts"][0]["test"] == "ratio"
        assert heard.json["verdicts"][0]["canary"]["requests"] >= 1_000
        assert heard.headers["webhook-id"].startswith("gate_")

    asyncio.run(scene())


def test_a_refusal_takes_the_release_back(tmp_path):
    """Otherwise a red check would only be a note beside a release that goes on."""

    async def scene():
        async with Listener() as gate:
            gate.answers.append((200, {"approve": False, "reason": "contract tests failed"}))
            one = await at_the_gate(tmp_path, gate.url)
            await asked(one, 3)
            assert (state(one).phase, state(one).weight) == (Phase.FAILED, 0)
            assert "its webhook refused: contract tests failed" in "\n".join(await sentences(one))
            await one.close()

    asyncio.run(scene())


@pytest.mark.parametrize(
    "undecided",
    [202, 503, 404, 302, (200, {"approved": True}), (200, {"approve": "yes"}), (200, ["approve"])],
    ids=str,
)
def test_what_decides_nothing_is_asked_again_and_changes_nothing(tmp_path, undecided, caplog):
    """Otherwise a webhook that is slow, down or misspelt would promote a release, or lose it."""

    async def scene():
        async with Listener() as gate:
            gate.answers.extend([undecided, undecided])
            one = await at_the_gate(tmp_path, gate.url)
            await asked(one)
            assert len(gate.heard) == 1
            await asked(one, 2)
            assert len(gate.heard) == 1
            await asked(one, 3)
            assert len(gate.heard) == 2
            assert (state(one).phase, state(one).step) == (Phase.PAUSED, 0)
            gate.answers.append((200, {"approve": True}))
            await asked(one, 12)
            assert state(one).step == 1
            await one.close()

    asyncio.run(scene())
    warnings = [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING]
    assert len(warnings) == (0 if undecided == 202 else 1)
    assert "T0KEN" not in caplog.text


def test_a_webhook_that_hangs_delays_no_beat_and_its_successor_asks_anew(tmp_path):
    """Otherwise a hung check would keep a bad canary running, or a killed worker keep a good one waiting."""

    async def scene():
        clock, never = ManualClock(time=NOW), asyncio.Event()
        async with Listener() as gate:
            gate.answers.append(never)
            first = await at_the_gate(tmp_path, gate.url, clock)
            async with asyncio.timeout(2):
                await first.beat(3)
            await until(lambda: gate.heard)
            first.die()
            gate.answers.append((200, {"approve": True}))
            second = Worker(tmp_path, clock, definitions(gate.url))
            await asked(second, 12)
            assert state(second).step == 1
            assert len(gate.heard) == 2
            never.set()
            await first.close()
            await second.close()

    asyncio.run(scene())


def test_evidence_against_a_release_does_not_wait_for_the_webhook(tmp_path):
    """Otherwise users would pay for the time that a check takes."""

    async def scene():
        async with Listener() as gate:
            gate.answers.extend([202] * 50)
            one = await at_the_gate(tmp_path, gate.url)
            for _ in range(10):
                one.serve("blue", 2_000, errors=20)
                one.serve("green", 2_000, errors=800)
                await asked(one)
            assert state(one).phase is Phase.FAILED
            await one.close()

    asyncio.run(scene())
