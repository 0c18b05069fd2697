"""Counts are exact: under threads, over their ends, over reloads and forks, and while somebody reads."""

import gc
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import repeat

import pytest

from reliakit.core.counters import Failed, Missed
from reliakit.core.outcome import Outcome
from reliakit.core.tally import Series, Tallies, record
from tests.core.compiled import evaluator, snapshot

_THREADS = 8
_EACH = 1_000_000


def _together(jobs: list[Callable[[], None]]) -> None:
    """Runs the jobs in threads of their own that start at the same time."""
    start = threading.Barrier(len(jobs))

    def run(job: Callable[[], None]) -> None:
        start.wait(30)
        job()

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@contextmanager
def _impatient() -> Iterator[None]:
    """Lets threads take turns as often as they can."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


class _Watch:
    """Reads the totals over and over, and remembers whether one ever went down."""

    def __init__(self, tallies: Tallies) -> None:
        self.tallies, self.done, self.reads = tallies, threading.Event(), 0
        self.fell: list[object] = []
        self.before: dict[object, float] = {}
        self.thread = threading.Thread(target=self.run)

    def run(self) -> None:
        while not self.done.is_set():
            self.read()

    def read(self) -> None:
        totals: dict[object, float] = {}
        for name, row in self.tallies.rows().items():
            totals.update({(name, place): value for place, value in enumerate(row)})
        totals.update(self.tallies.counts())
        self.fell += [name for name, value in self.before.items() if totals.get(name, 0) < value]
        self.before = totals
        self.reads += 1

    def __enter__(self) -> "_Watch":
        self.thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.done.set()
        self.thread.join()


def test_eight_threads_lose_no_record_while_somebody_reads():
    """Otherwise error rates are wrong exactly when traffic is high."""
    tallies = Tallies()
    counter, number = tallies.counters.of(Failed("x")), tallies.numbers.of("shop")

    def write() -> None:
        rows = tallies.local.rows
        for _ in repeat(None, _EACH):
            record(rows, number, Outcome.ERROR, 0.0125)
            next(counter)

    def newcomers() -> None:
        for name in range(500):
            record(tallies.local.rows, tallies.numbers.of(("new", name)), Outcome.SUCCESS, 0.1)
            tallies.counters.add(Missed("flag", str(name), "missing"))

    with _Watch(tallies) as watch:
        _together([write] * _THREADS + [newcomers])
    row = tallies.rows()["shop"]
    assert row.outcomes()[Outcome.ERROR] == sum(row.bins) == _THREADS * _EACH
    assert row.seconds == pytest.approx(0.0125 * _THREADS * _EACH)
    assert tallies.counts()[Failed("x")] == _THREADS * _EACH
    assert sum(total for name, total in tallies.counts().items() if isinstance(name, Missed)) == 500
    assert watch.fell == []
    assert watch.reads > 10


def test_short_lived_threads_lose_nothing_and_leave_nothing_behind():
    """Otherwise a server of a thread per request grows until it is killed, also where nobody reads metrics."""
    tallies = Tallies()
    number = tallies.numbers.of("shop")

    def request() -> None:
        record(tallies.local.rows, number, Outcome.SUCCESS, 0.001)

    gc.collect()
    before = _series_alive()
    for _ in range(200):
        _together([request] * 25)
    assert _series_alive() - before < 200
    assert tallies.rows()["shop"].outcomes()[Outcome.SUCCESS] == 5_000
    assert len(tallies) == 1, "more than the rows of this thread"
    assert _series_alive() == before


def _series_alive() -> int:
    return sum(isinstance(thing, Series) for thing in gc.get_objects())


def test_the_sum_of_seconds_does_not_depend_on_who_ends_first():
    """Otherwise a total falls by its last bit, and the collector takes that for a restart and adds all of it."""
    tallies = Tallies()
    number = tallies.numbers.of("shop")
    ready, ends = threading.Barrier(5), [threading.Event() for _ in range(4)]

    def hold(seconds: float, end: threading.Event) -> None:
        record(tallies.local.rows, number, Outcome.SUCCESS, seconds)
        ready.wait(30)
        end.wait(30)

    threads = [
        threading.Thread(target=hold, args=pair) for pair in zip((0.1, 0.2, 0.3, 1e-9), ends, strict=True)
    ]
    for thread in threads:
        thread.start()
    ready.wait(30)
    sums = [tallies.rows()["shop"].seconds]
    for place in (2, 0, 3, 1):
        ends[place].set()
        threads[place].join()
        sums.append(tallies.rows()["shop"].seconds)
    assert sums == [0.600000001] * 5


def test_threads_that_count_a_new_name_at_once_share_its_counter():
    """Otherwise the first counts of a name are lost."""
    tallies = Tallies()

    def count(name: int) -> Callable[[], None]:
        return lambda: tallies.counters.add(Missed("flag", str(name), "missing"))

    with _impatient():
        for name in range(100):
            _together([count(name)] * 6)
    assert set(tallies.counts().values()) == {6}
    assert len(tallies.counts()) == 100


def test_reading_changes_no_total():
    """Otherwise every export adds to what it exports."""
    tallies = Tallies()
    for _ in range(3):
        tallies.counters.add(Failed("x"))
    assert [tallies.counts()[Failed("x")] for _ in range(5)] == [3] * 5


def test_what_was_never_counted_is_not_reported():
    """Otherwise every flag that is loaded makes a time series, whether it is used or not."""
    tallies = Tallies()
    tallies.counters.of(Failed("x"))
    assert tallies.counts() == {}


def test_totals_go_on_over_reloads():
    """Otherwise each edit of the file starts the counts over."""
    tallies = Tallies()
    slots = {"blue": {"upstream": "app"}, "green": {"upstream": "app"}}
    sections = {
        "flags": {"it": {"rules": [{"if": {"plan": "pro"}}]}},
        "rollouts": {"shop": {"slots": slots, "initial": "blue"}},
    }
    series = set()
    for _ in range(3):
        compiled = snapshot(sections, tallies)
        evaluator(compiled.flags, "it")("u", {})
        series.add(compiled.rollouts["shop"].stable.series)
    assert tallies.counts() == {Missed("it", "plan", "missing"): 3}
    assert len(series) == 1


_FORK = """
import os, sys
sys.path[:0] = {path!r}
from reliakit.core.counters import Failed
from reliakit.core.outcome import Outcome
from reliakit.core.tally import Tallies, record

tallies = Tallies()
os.register_at_fork(after_in_child=tallies.after_fork)
counter, number = tallies.counters.of(Failed("x")), tallies.numbers.of("shop")

def work(times):
    for _ in range(times):
        next(counter)
        record(tallies.local.rows, number, Outcome.SUCCESS, 0.5)

def seen():
    row = tallies.rows().get("shop")
    return tallies.counts().get(Failed("x"), 0), row.outcomes()[Outcome.SUCCESS] if row else 0

def child(depth):
    assert seen() == (0, 0), seen()
    work(3)
    assert seen() == (3, 3), seen()
    if depth:
        fork(depth - 1)
    assert seen() == (3, 3), seen()

def fork(depth):
    pid = os.fork()
    if pid == 0:
        try:
            child(depth)
        except BaseException as fault:
            os.write(2, repr(fault).encode())
            os._exit(1)
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0

work(5)
if {read}:
    assert seen() == (5, 5), seen()
fork(1)
work(2)
assert seen() == (7, 7), seen()
print("exact")
"""


@pytest.mark.parametrize("read", [False, True])
def test_a_forked_worker_starts_from_zero_and_its_parent_keeps_its_own(read):
    """Otherwise every worker under preload reports again what its parent has reported."""
    script = _FORK.format(path=sys.path, read=read)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == "exact\n", done.stderr
