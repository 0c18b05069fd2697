"""A seed tells everything: whoever is shown a failure can see it again."""

import logging
import os
import subprocess
import sys

import pytest

from reliakit.stores.memory import MemoryStore
from reliakit.testing.simulation import Broken, InMemory, simulate
from reliakit.testing.simulation import __main__ as command


def _elsewhere(hash_seed: str) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    asked = [
        sys.executable,
        "-m",
        "reliakit.testing.simulation",
        "--seed",
        "3",
        "--scenario",
        "mayhem",
        "--trace",
    ]
    return subprocess.run(
        asked, env=environment, check=True, capture_output=True, text=True, timeout=100
    ).stdout


def test_the_same_seed_gives_the_same_journal_in_every_process():
    """Otherwise a failure that was seen once is never seen again."""
    one, other = _elsewhere("1"), _elsewhere("2")
    assert one == other
    assert simulate(3, "mayhem").digest in one


def test_another_seed_gives_another_journal():
    """Otherwise ten thousand seeds would try one thing ten thousand times."""
    assert len({simulate(seed, "lossy").digest for seed in range(5)}) == 5


class _Forgetful(MemoryStore):
    async def publish(self, report):
        receipt = await super().publish(report)
        for series in report.totals:
            self._held.sums[series] = 0
        return receipt


def test_a_failure_comes_with_the_command_that_shows_it_again(monkeypatch, capsys):
    """Otherwise people see that something is wrong, and not what."""

    def broken(seed, scenario, trace):
        return simulate(seed, scenario, lambda now: InMemory(now, _Forgetful), trace)

    monkeypatch.setattr(command, "simulate", broken)
    assert command.main(["--seeds", "7-8", "--scenario", "calm"]) == 2
    told = capsys.readouterr().out
    assert "python -m reliakit.testing.simulation --seed 8 --scenario calm --trace" in told
    assert "sums_are_what_was_told" in told


def test_seeds_that_hold_are_counted_and_a_callers_log_stays_as_it_was(capsys):
    """Otherwise nobody knows what was tried, and who calls it from Python would hear no warning after it."""
    assert command.main(["--seeds", "1-2", "--scenario", "calm"]) == 0
    assert "2 simulations hold, 0 do not" in capsys.readouterr().out
    assert logging.getLogger("reliakit").isEnabledFor(logging.WARNING)


def test_what_raises_is_broken_too():
    """Otherwise a fault of the engine would end the simulation without its seed."""

    class Raising(MemoryStore):
        async def totals(self, prefix=""):
            raise RuntimeError("a fault of ours")

    with pytest.raises(Broken, match="a fault of ours"):
        simulate(1, "calm", lambda now: InMemory(now, Raising))
