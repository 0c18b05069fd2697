"""Kits in processes that fork, spawn, exit or are patched: each case is a process of its own."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

PREAMBLE = """
import os, sys, threading, time
from pathlib import Path
from reliakit import Reliakit
from reliakit.sources.file import FileSource

path = Path(sys.argv[1])

def write(percentage):
    beside = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
    beside.write_text("format: 1\\nflags: {live: {percentage: %d}}\\n" % percentage)
    os.replace(beside, path)  # so that no load of the machine can make it look half-written

def until(holds):
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline, "did not happen"
        time.sleep(0.005)

def kit_of():
    return Reliakit(FileSource(path, poll=0.005, settle=0.01))

def live():
    return kit.enabled("live", "user-1")

write(0)
"""


def ran(tmp_path: Path, script: str, *, within: float = 60) -> tuple[str, str]:
    """Runs a script to its end and returns what it printed and complained of."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore:This process:DeprecationWarning", "-c", PREAMBLE + script, str(tmp_path / "f.yaml")],
        capture_output=True, text=True, timeout=within, check=False, cwd=ROOT,
        env={**os.environ, "RELIAKIT_STATE_DIR": str(tmp_path / "state")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


FORK = """
kit = kit_of()
WHEN
ready_r, ready_w = os.pipe()
pid = os.fork()
if pid == 0:
    assert not kit.status().engine, "the parent's thread does not exist here"
    assert not live()
    assert kit.status().engine
    os.write(ready_w, b"x")
    until(live)
    assert kit.close()
    os._exit(0)
os.read(ready_r, 1)
assert not live()
write(100)
until(live)
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
assert kit.status().engine
write(0)
until(lambda: not live())
assert kit.close()
"""


@pytest.mark.parametrize("when", ["", "live()"], ids=["before its first use", "while its engine runs"])
def test_parent_and_child_both_follow_the_file_after_a_fork(tmp_path: Path, when: str) -> None:
    """Otherwise updates would silently stop in forked workers, the most reported fault of today's SDKs."""
    assert ran(tmp_path, FORK.replace("WHEN", when)) == ("", "")


def test_a_fork_in_the_middle_of_everything_deadlocks_nobody(tmp_path: Path) -> None:
    """Otherwise one fork in a thousand would hang a worker for ever."""
    script = """
kit = kit_of()
live()
stop = threading.Event()

def busy(number):
    while not stop.is_set():
        with kit.override({"live": True}):
            live()
        kit.close() if number == 0 else write(number)
        kit._runtime.tallies.counts()

threads = [threading.Thread(target=busy, args=(number,)) for number in range(4)]
for thread in threads:
    thread.start()
for _ in range(40):
    pid = os.fork()
    if pid == 0:
        kit.enabled("live", "user-1")
        kit.evaluate("live", user="user-1")
        kit.status()
        kit._runtime.tallies.counts()
        os._exit(0 if kit.close() else 1)
    deadline = time.monotonic() + 20
    while (found := os.waitpid(pid, os.WNOHANG)) == (0, 0):
        if time.monotonic() > deadline:
            os.kill(pid, 9)
            sys.exit("a child hangs")
        time.sleep(0.002)
    assert os.waitstatus_to_exitcode(found[1]) == 0
stop.set()
for thread in threads:
    thread.join()
kit.close()
"""
    ran(tmp_path, script)


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_kits_work_in_processes_of_multiprocessing(tmp_path: Path, method: str) -> None:
    """Otherwise worker pools would not see flags, or not end."""
    (tmp_path / "pooled.py").write_text(
        PREAMBLE.replace("write(0)\n", "").replace("path = Path(sys.argv[1])", "path = Path(os.environ['F'])")
        + """
kit = kit_of()

def child(percentage):
    until(lambda: live() == (percentage == 100))
    return os.getpid(), kit.status().engine
"""
    )
    script = f"""
import multiprocessing
sys.path.insert(0, {str(tmp_path)!r})
os.environ["F"] = str(path)
import pooled

def main():
    write(100)
    until(pooled.live)
    with multiprocessing.get_context({method!r}).Pool(2) as pool:
        for percentage in (100, 0):
            write(percentage)
            found = dict(pool.map(pooled.child, [percentage] * 8, chunksize=1))
            assert all(found.values()) and os.getpid() not in found, found
        pool.close()
        pool.join()
    assert pooled.kit.status().engine
    assert pooled.kit.close()

if __name__ == "__main__":
    main()
"""
    assert ran(tmp_path, script) == ("", "")


EXITS = {
    "unused": "kit = kit_of()",
    "in use": "kit = kit_of(); live()",
    "closed": "kit = kit_of(); live(); kit.close()",
    "dropped": "kit = kit_of(); live(); del kit",
    "with many kits": "kits = [kit_of() for _ in range(20)]; [kit.enabled('live', 'u') for kit in kits]",
    "while slow handlers run": """
import atexit
kit = kit_of(); live()
atexit.register(time.sleep, 0.3)  # such as a last flush of telemetry
""",
    "while a call hangs": """
import asyncio
class Hanging(FileSource):
    async def load(self):
        if hang:
            inside.set()
            await asyncio.to_thread(time.sleep, 30)
        return await super().load()
hang, inside = False, threading.Event()
kit = Reliakit(Hanging(path, poll=0.005, settle=0.01)); live()
hang = True
write(100)
assert inside.wait(10)
""",
    "while it wakes": """
kit = kit_of()
threading.Thread(target=live, daemon=True).start()
""",
}


@pytest.mark.parametrize("case", EXITS, ids=str)
def test_a_process_ends_at_once_and_without_a_word(tmp_path: Path, case: str) -> None:
    """Otherwise every deploy would wait for us, and end with a traceback that looks like a fault."""
    out, err = ran(tmp_path, EXITS[case] + "\nprint(time.time(), flush=True)\n")
    ended = time.time()
    assert err == ""
    assert ended - float(out) < 2.0


def test_several_kits_live_beside_each_other(tmp_path: Path) -> None:
    """Otherwise a library that uses reliakit could not be used in an app that does."""
    script = """
others = [Reliakit({"flags": {"live": {"percentage": 100 * (n % 2)}}}) for n in range(10)]
kit = kit_of()
assert [other.enabled("live", "u") for other in others] == [bool(n % 2) for n in range(10)]
with others[0].identify("somebody"):
    assert kit.evaluate("live").error_code is None and others[0]._runtime.scope.get() is not None
    assert kit._runtime.scope.get() is None
with others[0].override({"live": True}):
    assert others[0].enabled("live", "u") and not live() and not others[2].enabled("live", "u")
write(100)
until(live)
assert [other.enabled("live", "u") for other in others] == [bool(n % 2) for n in range(10)]
for other in others:
    assert other.close()
assert kit.status().engine
"""
    assert ran(tmp_path, script) == ("", "")


def test_a_kit_may_be_made_and_used_inside_of_a_running_event_loop(tmp_path: Path) -> None:
    """Otherwise an app factory that is async could not use it."""
    script = """
import asyncio

async def main():
    global kit
    kit = kit_of()
    assert not live()
    write(100)
    async with asyncio.timeout(20):
        while not live():
            await asyncio.sleep(0.005)
    assert len(asyncio.all_tasks()) == 1
    assert kit.close()

asyncio.run(main(), debug=True)
"""
    assert ran(tmp_path, script)[0] == ""


def test_under_gevent_flags_answer_and_the_reason_why_nothing_reloads_is_told(tmp_path: Path) -> None:
    """Otherwise gunicorn's gevent workers would hang, or miss every update without a word."""
    script = """
kit = kit_of()
threads = threading.active_count()
assert not live()
assert kit.enabled("missing", default=True)
try:
    kit._runtime.engine.start()
except Exception as refused:
    print(type(refused).__name__, refused)
import gevent
assert gevent.spawn(live).get(timeout=5) is False
assert all(not job.get(timeout=5) for job in [gevent.spawn(live) for _ in range(100)])
assert not kit.status().engine
assert kit.close()
"""
    patched = "from gevent import monkey; monkey.patch_all()\n"
    done = subprocess.run(
        [sys.executable, "-c", patched + PREAMBLE + script, str(tmp_path / "f.yaml")],
        capture_output=True, text=True, timeout=60, check=False, cwd=ROOT,
        env={**os.environ, "RELIAKIT_STATE_DIR": str(tmp_path / "state")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("UsageError")
    assert "patch_all(thread=False)" in done.stdout
    assert done.stderr.count("definitions will not be reloaded in this process") == 1
    assert "gevent has replaced `threading`" in done.stderr


def test_under_gevent_with_real_threads_everything_works(tmp_path: Path) -> None:
    """Otherwise the advice that the refusal gives would be wrong."""
    script = "kit = kit_of()\nassert not live()\nwrite(100)\nuntil(live)\nassert kit.close()\n"
    done = subprocess.run(
        [sys.executable, "-c", "from gevent import monkey; monkey.patch_all(thread=False)\n" + PREAMBLE + script,
         str(tmp_path / "f.yaml")],
        capture_output=True, text=True, timeout=60, check=False, cwd=ROOT,
        env={**os.environ, "RELIAKIT_STATE_DIR": str(tmp_path / "state")},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


COUNTED = """
import asyncio
from reliakit.stores.sqlite import SQLiteStore
kit = Reliakit(FileSource(path, poll=0.005, settle=0.01), store=f"sqlite:///{path.parent}/shared.db")
children = []
for _ in range(3):
    pid = os.fork()
    if pid == 0:
        for _ in range(100):
            live()
        until(lambda: kit._joined.fleet._publisher._confirmed)
        assert kit.close(10)
        os._exit(0)
    children.append(pid)
assert all(os.waitpid(pid, 0)[1] == 0 for pid in children)
totals = asyncio.run(SQLiteStore(path.parent / "shared.db").totals("f|"))
print(sum(totals.sums.values()))
"""


def test_workers_that_are_forked_from_one_kit_count_as_several(tmp_path: Path) -> None:
    """Otherwise all workers of a server that preloads report under one name, and the store keeps the counts of one."""
    assert ran(tmp_path, COUNTED)[0] == "300\n"
