"""What a process looks like that has been reloaded for years."""

import gc
import threading
import tracemalloc

import pytest

from reliakit import Reliakit
from reliakit.core.counters import Given
from reliakit.sources.memory import MemorySource

_RELOADS, _THREADS = 400, 4


def _document(version: int) -> dict[str, object]:
    return {
        "revision": str(version),
        "flags": {f"flag_{number}": {"percentage": version % 101} for number in range(50)},
    }


@pytest.mark.soak
def test_hundreds_of_reloads_under_load_lose_no_count_and_leak_nothing() -> None:
    """Otherwise a service that is edited every day grows, or its figures drift, until somebody restarts it."""
    source = MemorySource(_document(0))
    kit, stop, asked = Reliakit(source), threading.Event(), [0] * _THREADS

    def ask(own: int) -> None:
        while not stop.is_set():
            for number in range(50):
                kit.enabled(f"flag_{number}", f"user-{asked[own]}")
                asked[own] += 1

    def reload_to(version: int) -> None:
        source.set(_document(version))
        while kit.status().revision != str(version):
            assert kit.status().problems == ()

    threads = [threading.Thread(target=ask, args=(own,)) for own in range(_THREADS)]
    for thread in threads:
        thread.start()
    for version in range(1, _RELOADS // 10):
        reload_to(version)
    gc.collect()
    tracemalloc.start()
    for version in range(_RELOADS // 10, _RELOADS):
        reload_to(version)
    gc.collect()
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    stop.set()
    for thread in threads:
        thread.join()
    counted = sum(count for name, count in kit._runtime.tallies.counts().items() if isinstance(name, Given))
    assert kit.close()
    assert counted == sum(asked)
    assert grown < 2_000_000
