"""People hear of what happened to their releases: each event once it is known, in order, whoever dies on the way."""

import asyncio
import logging
import sys

import pytest
from aiohttp import web

from reliakit.definitions.problems import Problem
from reliakit.rollouts.events import Happening
from reliakit.runtime.cursors import CURSOR
from reliakit.runtime.journal import read_entry
from reliakit.runtime.notifying import GIVE_UP, UNDELIVERED
from reliakit.runtime.reconciler import append
from reliakit.stores.protocol import Write
from reliakit.testing import ManualClock
from tests.runtime.listening import Listener, until
from tests.runtime.workers import NOW, Worker, note, quick

SECRET = "correct horse battery staple"
WANTED = ["started", "rolled_back", "promoted", "config_rejected"]
ROLLED_BACK, STARTED, PROMOTED = Happening.ROLLED_BACK, Happening.STARTED, Happening.PROMOTED


def definitions(*urls: str) -> dict:
    receivers = [{"webhook": url, "secret": SECRET, "on": WANTED} for url in urls]
    return {"format": 1, "notify": receivers}


def worker(tmp_path, *urls: str, clock: ManualClock | None = None) -> Worker:
    made = Worker(tmp_path, clock or ManualClock(time=NOW), definitions(*urls))
    quick(made)
    return made


def types(listener: Listener) -> list[str]:
    return [heard.json["type"] for heard in listener.heard]


async def settle(one: Worker) -> None:
    """One beat of which all comes to its end before the second is over."""
    await one.beat(seconds=0)
    await until(lambda: one.joined.notifier.errands.idle)
    one.clock.advance(1)


def test_a_receiver_is_told_of_what_it_asked_for_in_order(tmp_path):
    """Otherwise nobody would know of a rollback before users say so; without rollouts in the file, too."""

    async def scene():
        async with Listener() as ops:
            one = worker(tmp_path, f"{ops.url}/ops")
            await note(one, PROMOTED)  # before anybody asked to be told
            await settle(one)
            await note(one, STARTED, Happening.ADVANCED, ROLLED_BACK)
            await settle(one)
            await note(one, PROMOTED)
            await settle(one)
            await settle(one)
            await one.close()
        assert types(ops) == ["started", "rolled_back", "promoted"]
        told = ops.heard[1].json
        assert told["timestamp"] == "2027-01-15T08:00:01.000Z"
        assert told["data"]["release"] == {"number": 3, "slot": "green", "version": "2.4.1"}
        assert (told["data"]["scope"], told["data"]["entry"]) == ("host", 5)
        assert told["data"]["sentence"] == "it was seen"
        assert len({heard.headers["webhook-id"] for heard in ops.heard}) == 3

    asyncio.run(scene())


def test_a_rejected_file_is_told(tmp_path):
    """Otherwise a deploy that changed nothing would look like one that worked."""

    async def scene():
        async with Listener() as ops:
            one = worker(tmp_path, ops.url)
            await settle(one)
            one.joined.contents.rejected((Problem(("flags", "beta"), "expected a flag", None),))
            await one.beat()
            await settle(one)
            await one.close()
        [heard] = ops.heard
        assert heard.json["type"] == "config_rejected"
        assert "expected a flag" in heard.json["data"]["sentence"]

    asyncio.run(scene())


def test_a_receiver_that_is_down_delays_neither_the_others_nor_the_beat(tmp_path):
    """Otherwise one broken chat integration would silence the pager, or keep a kill switch from working."""

    async def scene():
        async with Listener() as deaf, Listener() as ops:
            never = asyncio.Event()
            one = worker(tmp_path, deaf.url, ops.url)
            await settle(one)
            deaf.answers.append(never)
            await note(one, STARTED, ROLLED_BACK)
            async with asyncio.timeout(2):
                await one.beat(3)
            await until(lambda: len(ops.heard) == 2)
            assert types(deaf) == ["started"]
            never.set()
            await until(lambda: len(deaf.heard) == 2)
            assert types(deaf) == ["started", "rolled_back"]
            await one.close()

    asyncio.run(scene())


def test_what_a_receiver_refused_is_told_again_and_less_and_less_often(tmp_path):
    """Otherwise a short outage would lose an event, or a long one be met by a request a second."""

    async def scene():
        async with Listener() as ops:
            one = worker(tmp_path, ops.url)
            await settle(one)
            ops.answers.extend([500, 404, 302, 503])
            await note(one, STARTED, ROLLED_BACK)
            tries = []
            for second in range(20):
                before = len(ops.heard)
                await settle(one)
                tries += [second] * (len(ops.heard) - before)
            await one.close()
        assert tries == [0, 1, 3, 7, 15, 15]
        assert types(ops) == ["started"] * 5 + ["rolled_back"]
        assert len({heard.headers["webhook-id"] for heard in ops.heard[:5]}) == 1

    asyncio.run(scene())


def test_nothing_is_lost_when_the_sender_is_killed_while_it_sends(tmp_path):
    """Otherwise the one message that mattered would die with the worker that was about to send it."""

    async def scene():
        clock, never = ManualClock(time=NOW), asyncio.Event()
        async with Listener() as ops:
            first, second = (worker(tmp_path, ops.url, clock=clock) for _ in range(2))
            await settle(first)
            await settle(second)
            ops.answers.extend([200, never])
            await note(first, STARTED, ROLLED_BACK, PROMOTED)
            await first.beat()
            await until(lambda: len(ops.heard) == 2)
            first.die()
            for _ in range(10):  # the lease of whoever was killed runs out
                await settle(second)
            assert types(ops) == ["started", "rolled_back", "rolled_back", "promoted"]
            assert ops.heard[1].headers["webhook-id"] == ops.heard[2].headers["webhook-id"]
            never.set()
            await first.close()
            await second.close()

    asyncio.run(scene())


def test_two_workers_do_not_tell_the_same_twice(tmp_path):
    """Otherwise every worker more would ring the pager once more."""

    async def scene():
        clock = ManualClock(time=NOW)
        async with Listener() as ops:
            workers = [worker(tmp_path, ops.url, clock=clock) for _ in range(3)]
            for each in workers:
                await settle(each)
            await note(workers[2], STARTED, ROLLED_BACK)
            for _ in range(5):
                for each in workers:
                    await settle(each)
            for each in workers:
                await each.close()
        assert types(ops) == ["started", "rolled_back"]

    asyncio.run(scene())


def test_what_could_not_be_told_for_a_day_is_given_up_and_journalled(tmp_path, caplog):
    """Otherwise one event that a receiver chokes on would keep all later ones from it, for ever."""

    async def scene():
        async with Listener() as ops:
            one = worker(tmp_path, f"{ops.url}/T0KEN")
            await settle(one)
            await note(one, ROLLED_BACK)
            ops.answers.append(400)
            await settle(one)
            one.clock.advance(GIVE_UP)
            ops.answers.append(400)
            await note(one, PROMOTED)
            await settle(one)
            await settle(one)
            assert types(ops) == ["rolled_back", "rolled_back", "promoted"]
            entries = [read_entry(each.text).event for each in await one.store.journal()]
            await one.close()
        [left] = [event for event in entries if event["kind"] == UNDELIVERED]
        assert left["sentence"] == "notify[0] was never told of rolled_back (entry 2): it answered 400"
        assert left["sentence"] in caplog.text

    asyncio.run(scene())


def test_neither_urls_nor_secrets_reach_a_log(tmp_path, caplog):
    """Otherwise whoever reads logs could post to the team's chat in our name."""
    caplog.set_level(logging.DEBUG)
    moved = web.Response(status=302, headers={"location": "http://127.0.0.1:1/elsewhere"})

    async def scene():
        async with Listener() as ops:
            ops.answers.append(moved)
            one = worker(tmp_path, f"{ops.url}/T0KEN?key=T0KEN", "http://u:T0KEN@127.0.0.1:1/T0KEN")
            await settle(one)
            await note(one, STARTED)
            await settle(one)
            await one.close()
        assert [heard.path for heard in ops.heard] == ["/T0KEN"]

    asyncio.run(scene())
    ours = [each.getMessage() for each in caplog.records if each.name == "reliakit"]
    assert sorted(line.partition(": ")[2] for line in ours if "can't be told" in line) == [
        "ClientConnectorError: Connect call failed ('127.0.0.1', 1); it is tried again",
        "it answered 302; it is tried again",
    ]
    assert "T0KEN" not in caplog.text
    assert SECRET not in caplog.text


def test_without_aiohttp_the_worker_goes_on_and_says_once_what_to_install(tmp_path, caplog, monkeypatch):
    """Otherwise a line in the file would take a service down, or fill its log."""
    monkeypatch.setitem(sys.modules, "aiohttp", None)

    async def scene():
        one = worker(tmp_path, "http://127.0.0.1:1/ops")
        await settle(one)
        await note(one, STARTED)
        for _ in range(5):
            await settle(one)
        await one.close()

    asyncio.run(scene())
    assert caplog.text.count("pip install 'reliakit[http]'") == 1


@pytest.mark.parametrize("back", [0, 2])
def test_a_journal_that_was_put_back_from_a_copy_is_told_from_there(tmp_path, back):
    """Otherwise nothing would be told before the journal is as long as it was."""

    async def scene():
        async with Listener() as ops:
            one = worker(tmp_path, ops.url)
            await settle(one)
            await note(one, *[STARTED] * 5)
            await settle(one)
            one.die()
            fresh = tmp_path / "fresh"
            other = Worker(fresh, one.clock, definitions(ops.url))
            await note(other, *[STARTED] * (back + 1))
            [(key, cursor)] = (await one.store.read((CURSOR,))).found.items()
            await other.store.commit([Write(key, cursor.text, 0)], announce=False)
            await settle(other)
            await note(other, PROMOTED)
            await settle(other)
            await one.close()
            await other.close()
        assert types(ops) == ["started"] * 5 + ["promoted"]

    asyncio.run(scene())


def test_an_entry_that_nobody_can_read_does_not_hold_up_those_after_it(tmp_path, caplog):
    """Otherwise one entry of a much newer version, or of a broken clock, would silence all receivers for good."""

    async def scene():
        async with Listener() as ops:
            one = worker(tmp_path, ops.url)
            await settle(one)
            await note(one, ROLLED_BACK, at=1e300)
            assert await append(one.store, [{"kind": "event", "version": 99, "what": "started", "at": 1.0}])
            await note(one, PROMOTED)
            await settle(one)
            await one.close()
        assert types(ops) == ["promoted"]

    asyncio.run(scene())
    assert caplog.text.count("is not told of entry") == 2
