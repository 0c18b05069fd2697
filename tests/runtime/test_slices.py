"""A reload lets requests have the interpreter again and again: nothing of it holds on for long."""

import time
from collections.abc import Generator
from pathlib import Path
from typing import Any, TypeVar

from reliakit.clock import SYSTEM
from reliakit.core.tally import Tallies
from reliakit.definitions.loading import Loaded
from reliakit.runtime.keeper import Keeper
from reliakit.runtime.last_good import LastGood
from reliakit.sources.memory import MemorySource
from reliakit.sources.protocol import Content

T = TypeVar("T")
LONGEST = 0.002
"""Seconds. Longer holds show up in the latency of requests."""

FLAG = """\
  flag_{number}:
    description: The flag with the number {number}
    allowlist: [user_{number}, user_1]
    rules:
      - if: {{plan: [pro, team], country: {{not_in: [US]}}, app_version: {{semver: ">=2.3.0"}}}}
        percentage: 25
    percentage: {percentage}
"""


def content(percentage: str) -> Content:
    flags = "".join(FLAG.format(number=number, percentage=percentage) for number in range(1000))
    return Content("big.yaml", f"format: 1\nflags:\n{flags}".encode(), "yaml")


class Watch:
    """Runs cooperative generators and notes how long each step computed, whatever else the machine does."""

    def __init__(self) -> None:
        self.steps: list[float] = []

    def run(self, work: Generator[None, None, T]) -> T:
        while True:
            begun = time.thread_time()
            try:
                next(work)
            except StopIteration as finished:
                value: T = finished.value
                return value
            finally:
                self.steps.append(time.thread_time() - begun)


def keeper_of(folder: Path) -> Keeper:
    keeper = Keeper(MemorySource({}), Tallies(), LastGood(folder, "big.yaml"), {}, SYSTEM)
    keeper.begin(accept_last_good=False)
    return keeper


def reload(keeper: Keeper, held: Content, watch: Watch) -> Loaded:
    """Does what the keeper does when its source has changed."""
    document, loaded = watch.run(keeper._loaded(held, keeper.state.definitions))
    watch.run(keeper._adopt(loaded.definitions or keeper.state.definitions, loaded))
    watch.run(keeper._keep(document, loaded))
    return loaded


def short(steps: list[float]) -> Any:
    """99.9 % of many steps are short: the rest is left to the collector of garbage, which picks its own moments."""
    assert len(steps) > 5000
    long = [step for step in steps if step > LONGEST]
    return len(long) <= len(steps) / 1000


def test_reloading_a_thousand_flags_holds_nobody_up(tmp_path: Path) -> None:
    """Otherwise every edit of a large file would be felt by whoever visits at that moment."""
    keeper, watch = keeper_of(tmp_path), Watch()
    reload(keeper, content("10"), Watch())
    loaded = reload(keeper, content("20"), watch)
    assert not loaded.problems
    assert len(keeper.state.definitions.flags) == 1000
    assert short(watch.steps), sorted(watch.steps)[-10:]


def test_refusing_a_thousand_flags_holds_nobody_up(tmp_path: Path) -> None:
    """Otherwise a bad edit would be felt by visitors, though nothing changes."""
    keeper, watch = keeper_of(tmp_path), Watch()
    reload(keeper, content("10"), Watch())
    loaded = reload(keeper, content("lots"), watch)
    assert len(loaded.problems) == 1000
    assert len(keeper.state.definitions.flags) == 1000
    assert short(watch.steps), sorted(watch.steps)[-10:]


def test_a_newborn_reads_a_large_copy_in_short_steps(tmp_path: Path) -> None:
    """Otherwise each worker's first moments would be slow ones."""
    keeper, watch = keeper_of(tmp_path), Watch()
    reload(keeper, content("10"), Watch())
    definitions = watch.run(keeper._earlier())
    assert definitions == keeper.state.definitions
    assert len(watch.steps) > 1000
    assert sum(step > LONGEST for step in watch.steps) <= len(watch.steps) / 1000
