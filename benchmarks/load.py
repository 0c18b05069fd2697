"""What 1,000 loaded flags cost, in a process of its own: `python -m benchmarks.load memory|plain|reload|control`.

Prints one number. `memory` and `plain`: MB that Python allocated for the flags once each has been evaluated, where
every other one has the workload's rule, and where all are a percentage. `reload` and `control`: ms, the longest that a spinning thread was kept from running, with and without a reload meanwhile.
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
_CHUNK_SECONDS = 0.5
_CONTROL_SECONDS = 1.5
_DEADLINE_SECONDS = 20


def _memory(folder: Path, kinds: dict[str, str]) -> float:
    _used(folder / "warm.yaml", flags(3))  # modules that are imported at first use are no flag's cost
    gc.collect()
    tracemalloc.start()
    kept = _used(folder / "many.yaml", kinds)
    kept.close()  # the first use catches up with the file, and what that is reading now is soon let go of
    gc.collect()
    allocated, _ = tracemalloc.get_traced_memory()
    assert kept.status().flags == len(kinds)
    return allocated / 1e6


def _used(path: Path, kinds: dict[str, str]) -> Reliakit:
    path.write_text(document(kinds))
    kit = Reliakit(path)
    user, context = PEOPLE[1]
    for key in kinds:
        kit.enabled(key, user, context=context)
    return kit


def _longest_gap(folder: Path, *, reload: bool) -> float:
    """Spins in this thread, so a gap between two laps is somebody else holding the GIL, or the machine's doing.

    A thread that never lets go is made to after `sys.getswitchinterval()`, 5 ms: longer gaps than that are single
    calls into C, shorter ones are slices that ended by themselves.
    """
    path = folder / "many.yaml"
    kit = _used(path, flags(_MANY))
    _spin(_CHUNK_SECONDS)  # the engine's start is not the reload's cost
    if reload:
        _replace(path)
    longest = max(_watched(kit) if reload else [_spin(_CONTROL_SECONDS)])
    kit.close()
    return longest * 1e3


def _watched(kit: Reliakit) -> list[float]:
    """The longest gap of each chunk until the change is seen, and of one more for what follows it.

    Raises:
        TimeoutError: there was no reload to measure.
    """
    gaps = [_spin(_CHUNK_SECONDS)]
    while kit.enabled("static", "anyone"):
        if len(gaps) * _CHUNK_SECONDS > _DEADLINE_SECONDS:
            raise TimeoutError(f"the change was not seen within {_DEADLINE_SECONDS} s")
        gaps.append(_spin(_CHUNK_SECONDS))
    return [*gaps, _spin(_CHUNK_SECONDS)]


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


def _measured(what: str, folder: Path) -> float:
    if what == "memory":
        return _memory(folder, flags(_MANY))
    if what == "plain":
        return _memory(folder, dict.fromkeys(flags(_MANY), "ten_percent"))
    return _longest_gap(folder, reload=what == "reload")


def main() -> None:
    with TemporaryDirectory(prefix="reliakit-bench-") as folder:
        print(_measured(sys.argv[1], Path(folder)))


if __name__ == "__main__":
    main()
