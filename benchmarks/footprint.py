"""What reliakit costs before the first request and between them: imports, memory, reloads.

Every figure comes from fresh processes, subjects taking turns, and is a median.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.budgets import at_most
from benchmarks.ours import document
from benchmarks.peers import installed, peers
from benchmarks.table import Table
from benchmarks.workload import flags

__all__ = ["run"]

_ROOT = Path(__file__).parent.parent
_SECONDS = 60

_IMPORT = """
from time import perf_counter
start = perf_counter()
import {module}
print((perf_counter() - start) * 1e3)
"""
_CONSTRUCT = """
from time import perf_counter
from reliakit import Reliakit
start = perf_counter()
kit = Reliakit({path!r})
print((perf_counter() - start) * 1e3)
"""

Probe = tuple[str, Callable[[], float]]
"""A name and what measures it once, in a process of its own."""


def run(smoke: bool) -> list[Table]:
    """Measures imports beside the peers', then what loaded flags and a reload cost."""
    rounds = 1 if smoke else 9
    with TemporaryDirectory(prefix="reliakit-bench-") as folder:
        state = {"RELIAKIT_STATE_DIR": str(Path(folder, "state"))}
        imports, missing = _imports(Path(folder), state, install=not smoke)
        probes = [*imports, *_loads(state)]
        medians, failures = _medians(probes, rounds)
    return [
        _startup([name for name, _ in imports], medians, missing, failures, rounds),
        _running(medians, failures),
    ]


def _imports(folder: Path, state: dict[str, str], *, install: bool) -> tuple[list[Probe], list[str]]:
    path = folder / "reliakit.yaml"
    path.write_text(document(flags(3)))
    construct = _CONSTRUCT.format(path=str(path))
    found: list[Probe] = [
        ("import reliakit", lambda: _printed(["-c", _IMPORT.format(module="reliakit")], state)),
        ("Reliakit(file of 3 flags)", lambda: _printed(["-c", construct], state)),
    ]
    missing: list[str] = []
    for peer in peers():
        if why := installed(peer, install=install):
            missing.append(f"not measured: {peer.name} ({why})")
        else:
            found.append((f"import {peer.imports}", _importing(peer.imports, str(peer.python))))
    return found, missing


def _importing(module: str, python: str) -> Callable[[], float]:
    return lambda: _printed(["-c", _IMPORT.format(module=module)], {}, python)


def _loads(state: dict[str, str]) -> list[Probe]:
    def probe(what: str) -> Callable[[], float]:
        return lambda: _printed(["-m", "benchmarks.load", what], state)

    return [(what, probe(what)) for what in ("memory", "reload", "control")]


def _printed(arguments: list[str], environ: dict[str, str], python: str = sys.executable) -> float:
    """The last line that a fresh interpreter printed, as a number."""
    done = subprocess.run(
        [python, *arguments],
        cwd=_ROOT,
        env=os.environ | environ,
        check=True,
        timeout=_SECONDS,
        capture_output=True,
        text=True,
    )
    return float(json.loads(done.stdout.strip().splitlines()[-1]))


def _medians(probes: list[Probe], rounds: int) -> tuple[dict[str, float], list[str]]:
    samples: dict[str, list[float]] = {name: [] for name, _ in probes}
    failures: dict[str, str] = {}
    for name, measure in probes * (rounds + 1):
        if name in failures:
            continue
        try:
            samples[name].append(measure())
        except subprocess.SubprocessError as error:
            failures[name] = f"{name}: {_reason(error)}"
    # The first of each warms the disk cache and writes the byte code.
    medians = {name: median(values[1:]) for name, values in samples.items() if name not in failures}
    return medians, list(failures.values())


def _reason(error: subprocess.SubprocessError) -> str:
    lines = (getattr(error, "stderr", None) or str(error)).strip().splitlines()
    return lines[-1][:200] if lines else type(error).__name__


def _startup(
    names: list[str], medians: dict[str, float], missing: list[str], failures: list[str], rounds: int
) -> Table:
    ranked = sorted((name for name in names if name in medians), key=lambda name: medians[name])
    ours = medians.get("import reliakit")
    return Table(
        "Footprint: start",
        ("what", "ms", "x import reliakit"),
        tuple(
            (name, f"{medians[name]:.1f}", f"{medians[name] / ours:.2f}" if ours else "-") for name in ranked
        ),
        notes=(
            f"over a bare interpreter; medians of {rounds} interleaved fresh processes",
            *missing,
            at_most("import reliakit", ours, 80, " ms").line(),
        ),
        problems=tuple(failures),
    )


def _running(medians: dict[str, float], failures: list[str]) -> Table:
    figures = (
        ("memory of 1,000 flags, each evaluated once", "memory", "MB"),
        ("longest gap in a spinning thread, 1,000 flags reloaded", "reload", "ms"),
        ("the same without a reload", "control", "ms"),
    )
    rows = tuple((label, f"{medians[key]:.2f} {unit}") for label, key, unit in figures if key in medians)
    return Table(
        "Footprint: loaded",
        ("what", "median"),
        rows,
        notes=(
            at_most("memory of 1,000 flags", medians.get("memory"), 1.5, " MB").line(),
            at_most("longest hold of the GIL in a reload", medians.get("reload"), 2, " ms").line(),
        ),
    )
