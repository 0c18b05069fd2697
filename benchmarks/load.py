"""What 1,000 loaded flags cost, in a process of its own: `python -m benchmarks.load memory|reload|control`.

Prints one number: `memory` in MB that Python allocated for the flags, once each has been evaluated; `reload` and
`control` in ms, the longest that a spinning thread was kept from running, with and without a reload meanwhile.
"""

import gc
import sys
import tracemalloc
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from benchmarks.ours import document
from benchmarks.workload import PEOPLE, flags
from reliakit import Reliakit

__all__: list[str] = []

_MANY = 1000
_WATCH_SECONDS = 1.5


def _memory(folder: Path) -> float:
    _used(folder / "warm.yaml", 3)  # modules that are imported at first use are no flag's cost
    gc.collect()
    tracemalloc.start()
    kept = _used(folder / "many.yaml", _MANY)
    gc.collect()
    allocated, _ = tracemalloc.get_traced_memory()
    kept.close()
    return allocated / 1e6


def _used(path: Path, count: int) -> Reliakit:
    kit = _kit(path, count)
    user, context = PEOPLE[1]
    for key in flags(count):
        kit.enabled(key, user, context=context)
    return kit


def _kit(path: Path, count: int) -> Reliakit:
    path.write_text(document(flags(count)))
    return Reliakit(path)


def _longest_gap(folder: Path, *, reload: bool) -> float:
    """Spins in this thread, so a gap between two laps is somebody else holding the GIL, or the machine's doing."""
    path = folder / "many.yaml"
    kit = _used(path, _MANY)
    _spin(_WATCH_SECONDS / 3)  # the engine's start is not the reload's cost
    if reload:
        _replace(path)
    longest = _spin(_WATCH_SECONDS)
    if reload:
        _require_change(kit)
    kit.close()
    return longest * 1e3


def _replace(path: Path) -> None:
    """Changes every flag at once, by an atomic rename as editors and deployments do."""
    changed = document(flags(_MANY)).replace("percentage: 10}", "percentage: 0}").replace("true", "false")
    path.with_suffix(".new").write_text(changed)
    path.with_suffix(".new").replace(path)


def _spin(seconds: float) -> float:
    longest, last = 0.0, perf_counter()
    end = last + seconds
    while last < end:
        now = perf_counter()
        if now - last > longest:
            longest = now - last
        last = now
    return longest


def _require_change(kit: Reliakit) -> None:
    """Raises unless the reload that was meant to be measured has happened."""
    if kit.enabled("static", "anyone"):
        raise TimeoutError(f"the change was not seen within {_WATCH_SECONDS} s")


def main() -> None:
    with TemporaryDirectory(prefix="reliakit-bench-") as name:
        folder = Path(name)
        what = sys.argv[1]
        print(_memory(folder) if what == "memory" else _longest_gap(folder, reload=what == "reload"))


if __name__ == "__main__":
    main()
