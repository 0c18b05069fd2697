"""The engine keeps its services running, and never stands in the way of a process."""

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from itertools import pairwise

import pytest

from reliakit.runtime.engine import Engine, complete
from tests.servers.serving import until

Work = Callable[[], Awaitable[None]]


@pytest.fixture
def engine_of() -> Iterator[Callable[..., Engine]]:
    made: list[Engine] = []

    def make(*services: Work, first: float = 0.001, last: float = 0.01) -> Engine:
        made.append(Engine(services, first_retry=first, last_retry=last))
        return made[-1]

    yield make
    for engine in made:
        engine.stop()


async def forever() -> None:
    await asyncio.Event().wait()


class Failing:
    """Fails every time, and notes when it was started."""

    def __init__(self, failure: BaseException) -> None:
        self.failure, self.started = failure, list[float]()

    async def __call__(self) -> None:
        self.started.append(time.monotonic())
        await asyncio.sleep(0)
        raise self.failure


@pytest.mark.parametrize(
    "failure",
    [ValueError("x"), MemoryError(), RecursionError(), SystemExit(1), KeyboardInterrupt(), GeneratorExit(),
     asyncio.CancelledError(), BaseExceptionGroup("many", [SystemExit(1), ValueError("x")])],
    ids=repr,
)  # fmt: skip
def test_a_service_that_fails_is_started_again_and_disturbs_nobody(
    engine_of: Callable[..., Engine], failure: BaseException
) -> None:
    """Otherwise one bug, or one sys.exit in a plugin, would end all updates of a process."""
    failing, lively = Failing(failure), Failing(ValueError("of its own"))
    engine = engine_of(failing, lively, forever)
    engine.start()
    until(lambda: len(failing.started) > 5 and len(lively.started) > 5)
    assert engine.running
    assert engine.stop()


def test_it_waits_longer_after_each_failure_and_says_so(
    engine_of: Callable[..., Engine], caplog: pytest.LogCaptureFixture
) -> None:
    """Otherwise a database that is down would be hammered, and the log with it."""
    failing = Failing(ConnectionError("refused"))
    with caplog.at_level(logging.ERROR, "reliakit"):
        engine_of(failing, first=0.02, last=0.1).start()
        until(lambda: len(failing.started) >= 6)
    gaps = [after - before for before, after in pairwise(failing.started)]
    for gap, least in zip(gaps, [0.02, 0.04, 0.08, 0.1, 0.1], strict=False):
        assert gap >= least * 0.9
    said = [message.rpartition("again in ")[2] for message in caplog.messages]
    assert said[:5] == ["0.0 s", "0.0 s", "0.1 s", "0.1 s", "0.1 s"]
    assert "refused" in caplog.text


def test_a_service_that_was_well_for_long_is_started_again_at_once(engine_of: Callable[..., Engine]) -> None:
    """Otherwise a hiccup a day would delay each update a little more."""
    started: list[float] = []

    async def lasting() -> None:
        started.append(time.monotonic())
        await asyncio.sleep(0.03)
        raise ConnectionError

    engine_of(lasting, first=0.001, last=0.02).start()
    until(lambda: len(started) >= 10)
    gaps = sorted(after - before for before, after in pairwise(started))
    assert gaps[0] < 0.03 + 0.02, "the delay never fell back"


def test_a_service_that_is_done_is_done(engine_of: Callable[..., Engine]) -> None:
    """Otherwise work that is to be done once would be done again and again."""
    ended: list[int] = []

    async def once() -> None:
        ended.append(1)

    failing = Failing(ValueError())
    engine_of(once, failing).start()
    until(lambda: len(failing.started) > 5)
    assert ended == [1]


def test_it_starts_once_however_often_it_is_told(engine_of: Callable[..., Engine]) -> None:
    """Otherwise two engines would reload, and log, everything twice."""
    starts: list[int] = []

    async def service() -> None:
        starts.append(1)
        await forever()

    engine, before = engine_of(service), set(threading.enumerate())
    callers = [threading.Thread(target=engine.start) for _ in range(16)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    until(lambda: starts)
    assert sum(thread.name == "reliakit" for thread in threading.enumerate() if thread not in before) == 1
    assert starts == [1]


def test_it_stops_and_starts_again(engine_of: Callable[..., Engine]) -> None:
    """Otherwise a second test client, or a reloading server, would have no updates."""
    started, cleaned = list[int](), list[int]()

    async def service() -> None:
        started.append(1)
        try:
            await forever()
        finally:
            cleaned.append(1)

    engine = engine_of(service)
    for times in range(1, 4):
        engine.start()
        until(lambda times=times: len(started) == times)  # type: ignore[misc]
        assert engine.running
        assert engine.stop()
        assert not engine.running
        assert len(cleaned) == times
    assert engine.stop()


def _taken(work: Callable[[], bool]) -> tuple[bool, float]:
    begun = time.monotonic()
    return work(), time.monotonic() - begun


def test_it_stops_at_once_beside_a_call_that_hangs_in_a_thread(engine_of: Callable[..., Engine]) -> None:
    """Otherwise a file server that is gone would hold up every shutdown."""
    release, inside = threading.Event(), threading.Event()

    async def service() -> None:
        def hang() -> None:
            inside.set()
            release.wait(30)

        await asyncio.to_thread(hang)

    engine = engine_of(service)
    engine.start()
    assert inside.wait(10)
    stopped, seconds = _taken(engine.stop)
    release.set()
    assert stopped
    assert seconds < 2


@pytest.mark.parametrize("way", ["holds the loop", "refuses to be cancelled"])
def test_it_gives_up_on_a_service_that_will_not_stop_and_can_start_anew(
    engine_of: Callable[..., Engine], way: str
) -> None:
    """Otherwise one bad plugin would make a process impossible to stop, or leave it without updates for good."""
    release, inside = threading.Event(), threading.Event()

    async def stubborn() -> None:
        inside.set()
        while not release.is_set():
            try:
                if way == "holds the loop":
                    release.wait(30)
                await asyncio.sleep(0.01)
            except asyncio.CancelledError:
                pass

    engine = engine_of(stubborn)
    engine.start()
    assert inside.wait(10)
    stopped, seconds = _taken(lambda: engine.stop(0.2))
    assert not stopped
    assert seconds < 2
    inside.clear()
    engine.start()
    assert inside.wait(10)
    assert engine.running
    release.set()
    assert engine.stop()


def test_hanging_calls_are_bounded(engine_of: Callable[..., Engine]) -> None:
    """Otherwise a file server that is gone for a night would fill the process with threads."""
    release, refused = threading.Event(), threading.Event()

    async def service() -> None:
        with pytest.raises(RuntimeError, match="have not returned"):
            await asyncio.gather(*(asyncio.to_thread(release.wait, 30) for _ in range(100)))
        refused.set()
        await forever()

    engine = engine_of(service)
    before = threading.active_count()
    engine.start()
    assert refused.wait(10)
    assert threading.active_count() - before < 50
    assert engine.stop()
    release.set()
    until(lambda: threading.active_count() <= before)


def test_work_can_be_completed_inside_of_a_running_loop() -> None:
    """Otherwise a kit could not be made in an async function."""

    async def work() -> int:
        return await asyncio.to_thread(lambda: 42)

    async def caller() -> int:
        return complete(work)

    assert asyncio.run(caller()) == 42
    with pytest.raises(LookupError):
        complete(_fails)
    assert isinstance(complete(_answers_with_a_failure), LookupError)


async def _fails() -> None:
    raise LookupError


async def _answers_with_a_failure() -> Exception:
    return LookupError()


def test_work_that_gave_up_on_a_hanging_call_is_complete() -> None:
    """Otherwise an app whose file server is gone could not even start on its last good copy."""
    release = threading.Event()

    async def work() -> str:
        try:
            async with asyncio.timeout(0.05):
                await asyncio.to_thread(release.wait, 30)
        except TimeoutError:
            return "gave up"
        return "waited"

    begun = time.monotonic()
    assert complete(work) == "gave up"
    assert time.monotonic() - begun < 10
    release.set()
