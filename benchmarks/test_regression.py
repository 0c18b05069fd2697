"""Slower than it was by more than a third? Asked by `make bench`, with a yardstick of plain Python beside it.

The two take turns and their best rounds are compared, so the ratio says about the same on every machine. Whoever
makes something faster lowers its limit here.
"""

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from benchmarks.asgi_subjects import OURS as ASGI
from benchmarks.asgi_subjects import asgi_subjects
from benchmarks.rounds import Batch, timed
from benchmarks.workload import PEOPLE
from benchmarks.wrapped import FLAG, shop_kit
from benchmarks.wsgi_subjects import OURS as WSGI
from benchmarks.wsgi_subjects import wsgi_subjects

_ROUNDS, _CALLS = 25, 2_000

pytestmark = pytest.mark.benchmark(timer=time.thread_time)

Judge = Callable[[Batch], float]


def _yardstick(calls: int) -> None:
    """Somewhat like a request path: calls of functions, look-ups, a list and some text."""
    known = {f"key-{number}": number for number in range(10)}

    def looked_up(name: str, into: list[int]) -> None:
        into.append(known.get(name, 0))

    for _ in range(calls):
        found: list[int] = []
        for name in ("key-1", "key-4", "key-7", "no key"):
            looked_up(name, found)
        f"{found[0]}; {found[1]}".split("; ")


@pytest.fixture
def judge(benchmark: Any) -> Judge:
    """Benchmarks a batch, and returns how many yardsticks its best round is long."""

    def judged(batch: Batch) -> float:
        beside: list[float] = []
        benchmark.pedantic(
            batch,
            args=(_CALLS,),
            setup=lambda: beside.append(timed(_yardstick, _CALLS)),
            rounds=_ROUNDS,
            warmup_rounds=3,
        )
        ratio = float(benchmark.stats.stats.min) / _CALLS * 1e6 / min(beside)
        benchmark.extra_info["yardsticks"] = round(ratio, 2)
        return ratio

    return judged


@pytest.fixture
def check() -> Iterator[Batch]:
    """Flag checks, each for another person."""
    kit = shop_kit()
    users = [user for user, _ in PEOPLE]
    yield partial(_checks, kit.enabled, users)
    kit.close()


def _checks(enabled: Any, users: list[str], calls: int) -> None:
    for user in users * (calls // len(users)):
        enabled(FLAG, user)


def test_a_flag_check(judge: Judge, check: Batch) -> None:
    """Otherwise code that asks a hundred flags a request would slow down unnoticed."""
    assert judge(check) < 0.65


def test_an_asgi_request(judge: Judge) -> None:
    """Otherwise every request of every wrapped application would."""
    with asgi_subjects([]) as subjects:
        assert judge(subjects[ASGI]) < 15.5


def test_a_wsgi_request(judge: Judge) -> None:
    """As with ASGI."""
    with wsgi_subjects([]) as subjects:
        assert judge(subjects[WSGI]) < 18
