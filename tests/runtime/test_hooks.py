"""Hooks are carried out: real programs and a real webhook, each run once among all workers, and none left behind."""

import asyncio
import logging
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from reliakit.definitions.hook_models import HookSection
from reliakit.definitions.hooks import hook_of
from reliakit.failover.hooks import Command
from reliakit.runtime.hooks.asking import Asked
from reliakit.runtime.hooks.runner import Hooks
from reliakit.runtime.webhooks import signature
from reliakit.stores.memory import MemoryStore
from reliakit.stores.protocol import StoreError
from tests.runtime.listening import Listener, until

NOW = 1_800_000_000.0
NAME = "upstreams.shop.rolling.replace"


def program(text: str, *arguments: str, **others) -> HookSection:
    return HookSection(command=(sys.executable, "-c", text, *arguments), **others)


def hooks(section: HookSection, folder: Path, store=None, worker="one") -> Hooks:
    return Hooks(store or MemoryStore(), lambda: {NAME: section}, lambda: worker, lambda: NOW, folder)


def asked(section: HookSection, attempt: int = 1, version: str = "2.4.1") -> Asked:
    run = f"shop/rolling/1/http://10.0.0.1:8000/replace/1.{attempt}"
    command = Command(run, hook_of(NAME, section), "http://10.0.0.1:8000", "replace", attempt)
    return Asked(command, "shop", version)


async def ended(one: Hooks, *commands: Asked):
    one.begin(commands)
    await until(lambda: one.idle)
    return [one.results.get(each.command.id) for each in commands]


def alive(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        stat = Path(f"/proc/{pid}/stat")
        return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def test_a_command_is_told_what_for_and_its_last_line_is_kept(tmp_path):
    """Otherwise a hook does not know which server to replace, and the journal not what it said."""
    text = (
        "import os, sys\n"
        "names = 'UPSTREAM TARGET VERB RUN ATTEMPT VERSION'.split()\n"
        "print('first')\n"
        "print(sys.argv[1], os.getcwd(), *(os.environ['RELIAKIT_' + name] for name in names), end='\\n\\n')"
    )
    section = program(text, "$HOME; `id`")
    [found] = asyncio.run(ended(hooks(section, tmp_path), asked(section)))
    run = "shop/rolling/1/http://10.0.0.1:8000/replace/1.1"
    said = f"$HOME; `id` {tmp_path} shop http://10.0.0.1:8000 replace {run} 1 2.4.1"
    assert (found.good, found.said) == (True, said)


@pytest.mark.parametrize(
    ("section", "says"),
    [
        (program("import sys; sys.exit('no room\\x1b[31m')"), "no room�[31m"),
        (program("raise SystemExit(3)"), "exit status 3"),
        (program("import os; os.kill(os.getpid(), 9)"), "it was killed by SIGKILL"),
        (HookSection(command=("/no/such/T0KEN",)), "it could not be started: No such file or directory"),
        (HookSection(command=("a\0b",)), "it could not be started: a text of it can't be an argument"),
    ],
)
def test_a_command_that_fails_says_why(section, says, tmp_path):
    """Otherwise a failed deploy is looked into on ten machines."""
    [found] = asyncio.run(ended(hooks(section, tmp_path), asked(section)))
    assert (found.good, found.said) == (False, says)


def test_what_takes_too_long_is_killed_with_what_it_has_started(tmp_path):
    """Otherwise the next attempt runs beside the hanging one, and they undo each other."""
    text = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)"
    )
    section = program(text, timeout="1s")
    [found] = asyncio.run(ended(hooks(section, tmp_path), asked(section)))
    assert not found.good
    told, _, pid = found.said.partition(": ")
    assert told == "killed after 1 s"
    asyncio.run(until(lambda: not alive(int(pid))))


def test_what_a_command_leaves_running_keeps_nobody_waiting(tmp_path):
    """Otherwise a hook that starts a server in the background takes as long as the server lives."""
    text = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(child.pid)"
    )
    section = program(text)
    [found] = asyncio.run(ended(hooks(section, tmp_path), asked(section)))
    assert found.good
    assert alive(int(found.said))
    os.kill(int(found.said), 9)


def test_a_webhook_is_told_the_same_and_signed(tmp_path):
    """Otherwise whoever is called can't tell who asks, nor a repeat from another run."""
    secret = "a secret of the team"

    async def scene():
        async with Listener() as listener:
            listener.answers.extend([(200, {"done": True}), 500])
            section = HookSection(webhook=f"{listener.url}/T0KEN", secret=secret)
            one = hooks(section, tmp_path)
            return listener, await ended(one, asked(section)), await ended(one, asked(section, 2))

    listener, [good], [bad] = asyncio.run(scene())
    first, second = listener.heard
    assert (good.good, bad.good, bad.said) == (True, False, "it answered 500")
    assert first.json["data"] == {
        "upstream": "shop",
        "target": "http://10.0.0.1:8000",
        "verb": "replace",
        "run": "shop/rolling/1/http://10.0.0.1:8000/replace/1.1",
        "attempt": 1,
        "version": "2.4.1",
    }
    identity, moment = first.headers["webhook-id"], first.headers["webhook-timestamp"]
    assert first.headers["webhook-signature"] == signature(secret, identity, moment, first.body)
    assert identity != second.headers["webhook-id"]


def test_a_webhook_has_the_time_that_its_hook_has(tmp_path):
    """Otherwise a restore that takes ten seconds fails after five, or a hanging one never."""

    async def scene():
        async with Listener() as listener:
            never = asyncio.Event()
            listener.answers.append(never)
            section = HookSection(webhook=listener.url, timeout="100ms")
            found = await ended(hooks(section, tmp_path), asked(section))
            never.set()
            return found

    [found] = asyncio.run(scene())
    assert (found.good, found.said) == (False, "no answer within 0.1 s")


def test_of_all_workers_one_runs_it_and_the_others_learn_how_it_ended(tmp_path):
    """Otherwise a server is replaced by two workers at once, or a result is lost with the lease."""
    section = program("open('ran', 'a').write('x'); print('done')")
    store = MemoryStore()
    workers = [hooks(section, tmp_path, store, name) for name in ("one", "two", "three")]

    async def scene():
        for each in (*workers, *workers):
            each.begin([asked(section)])
        await until(lambda: all(each.idle for each in workers))
        for each in (*workers, *workers):
            await each.learn()
            each.begin([asked(section)])
        await until(lambda: all(each.idle for each in workers))

    asyncio.run(scene())
    assert (tmp_path / "ran").read_text() == "x"
    assert [[result.said for result in each.results.values()] for each in workers] == [["done"]] * 3


def test_what_a_killed_worker_had_begun_is_not_begun_again(tmp_path):
    """Otherwise two runs of one hook are at work on one server, since a process died in between."""
    section = program("open('ran', 'a').write('x'); import time; time.sleep(60)")
    store = MemoryStore()

    async def killed():
        one = hooks(section, tmp_path, store)
        one.begin([asked(section)])
        await until(lambda: (tmp_path / "ran").exists() and (tmp_path / "ran").read_text())
        one.leave()

    async def next_one():
        two = hooks(section, tmp_path, store, "two")
        await two.learn()
        return await ended(two, asked(section))

    asyncio.run(killed())
    assert asyncio.run(next_one()) == [None]
    assert (tmp_path / "ran").read_text() == "x"


def test_a_worker_that_stops_ends_what_it_started_and_says_so(tmp_path):
    """Otherwise a restart of reliakit leaves programs behind, or makes the next worker wait for them."""
    section = program("import os; open('pid', 'w').write(str(os.getpid())); import time; time.sleep(60)")
    store = MemoryStore()

    async def scene():
        one, two = hooks(section, tmp_path, store), hooks(section, tmp_path, store, "two")
        one.begin([asked(section)])
        await until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
        one.leave()
        await asyncio.sleep(0)
        await one.learn()
        await two.learn()
        return list(two.results.values())

    [found] = asyncio.run(scene())
    assert (found.good, found.said) == (False, "it was ended with the worker that ran it")
    asyncio.run(until(lambda: not alive(int((tmp_path / "pid").read_text()))))


class _Gone(MemoryStore):
    gone = True

    async def read(self, prefixes):
        if self.gone:
            raise StoreError("the store is gone")
        return await super().read(prefixes)


def test_without_the_store_only_what_does_no_harm_twice_is_run(tmp_path):
    """Otherwise each worker replaces a server by itself, or nobody starts the standby while all is down."""
    text = "open('ran', 'a').write('x')"
    once, often = program(text), program(text, alone=True)
    store = _Gone()

    async def scene():
        for section, expected in ((once, ""), (often, "x")):
            one = hooks(section, tmp_path, store)
            one.begin([asked(section)], shared=False)
            await until(lambda: one.idle)  # noqa: B023
            ran = tmp_path / "ran"
            assert (ran.read_text() if ran.exists() else "") == expected
        one = hooks(once, tmp_path, store)
        assert await ended(one, asked(once)) == [None]
        store.gone = False
        assert (await ended(one, asked(once)))[0].good

    asyncio.run(scene())


def test_no_address_and_no_argument_reaches_the_log(tmp_path, caplog):
    """Otherwise tokens in URLs and arguments are where logs are."""

    async def scene():
        with caplog.at_level(logging.DEBUG):
            sections = [
                HookSection(webhook="http://127.0.0.1:9/T0KEN"),
                program("raise SystemExit(1)", "T0KEN"),
                HookSection(command=("T0KEN",)),
            ]
            return [await ended(hooks(section, tmp_path), asked(section)) for section in sections]

    found = asyncio.run(scene())
    assert not any(each.good for [each] in found)
    assert "T0KEN" not in str(found) + caplog.text
    assert caplog.text.count(f"{NAME}: http://10.0.0.1:8000 failed") == 3


def test_a_hook_that_is_taken_out_meanwhile_fails(tmp_path):
    """Otherwise a replacement waits for ever for what nobody can run."""
    section = program("")
    one = Hooks(MemoryStore(), dict, lambda: "one", lambda: NOW, tmp_path)
    [found] = asyncio.run(ended(one, asked(section)))
    assert (found.good, found.said) == (False, "the definitions have no such hook any more")


@pytest.mark.parametrize(
    ("patch", "says"), [("", "gevent has replaced `subprocess`"), (", subprocess=False", "done")]
)
def test_under_gevent_a_command_runs_or_says_why_it_can_not(patch, says, tmp_path):
    """Otherwise a worker of gunicorn's gevent starts a process that nobody waits for, and says nothing."""
    script = (
        f"from gevent import monkey; monkey.patch_all(thread=False{patch})\n"
        "import asyncio, sys, threading\n"
        "from pathlib import Path\n"
        "from reliakit.runtime.hooks.programs import Program\n"
        "program = Program([sys.executable, '-c', 'print(\"done\")'], {}, Path('.'), 10)\n"
        "thread = threading.Thread(target=lambda: print(asyncio.run(program.run()).said))\n"
        "thread.start(); thread.join()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.stdout.startswith(says), done.stderr
