"""The clock that tests of time use instead of waiting."""

from collections.abc import Callable

import pytest

from reliakit import Reliakit
from reliakit.clock import Clock
from reliakit.testing import ManualClock


def test_it_moves_only_when_it_is_told_to() -> None:
    """Otherwise a test would pass or fail by the speed of the machine."""
    clock: Clock = ManualClock(monotonic=10.0, time=1_000.0)
    assert [clock.monotonic() for _ in range(3)] == [10.0] * 3
    assert isinstance(clock, ManualClock)
    clock.advance(2.5)
    assert (clock.monotonic(), clock.time()) == (12.5, 1_002.5)


def test_the_wall_clock_can_be_set_and_the_other_never_goes_back() -> None:
    """Otherwise a jump of the wall clock could not be tested, or a test could do what no machine does."""
    clock = ManualClock(time=1_000.0)
    clock.set_time(500.0)
    assert (clock.monotonic(), clock.time()) == (0.0, 500.0)
    with pytest.raises(ValueError, match="never goes back"):
        clock.advance(-1)


def test_a_kit_takes_it() -> None:
    """Otherwise the age of definitions could only be tested by waiting."""
    clock = ManualClock()
    kit = Reliakit({}, clock=clock)
    clock.advance(90)
    assert kit.status().age == 90
    assert kit.close()


def test_nothing_of_reliakit_needs_the_tools_for_tests(run_python: Callable[[str], str]) -> None:
    """Otherwise production would need pytest."""
    script = """
import sys, pkgutil, importlib
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("pytest", "_pytest", "hypothesis"):
            raise ImportError(name)
sys.meta_path.insert(0, Refuse())
import reliakit
for module in pkgutil.walk_packages(reliakit.__path__, "reliakit."):
    contracts = ("reliakit.testing.sources", "reliakit.testing.store", "reliakit.testing.upstream")
    if not module.name.startswith((*contracts, "reliakit.__main__", "reliakit.cli.demo")):
        for name in [name for name in sys.modules if name.startswith("reliakit.testing")]:
            del sys.modules[name]  # what this walk itself has imported
        importlib.import_module(module.name)
        assert module.name.startswith("reliakit.testing") or "reliakit.testing" not in sys.modules, module.name
print("fine")
"""
    assert run_python(script) == "fine\n"


@pytest.fixture
def run_python() -> Callable[[str], str]:
    import subprocess
    import sys

    def run(script: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run
