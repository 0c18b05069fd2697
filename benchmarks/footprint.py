"""What reliakit costs before the first request and between them: imports, memory, reloads.

Every figure comes from fresh processes, subjects taking turns, and is a median.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from operator import itemgetter
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.budgets import at_most
from benchmarks.ours import document
from benchmarks.peers import installed, peers
from benchmarks.table import Table
from benchmarks.workload import flags

__all__ = ["run"]

OURS = "import reliakit"
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
        ours, loads = _ours(Path(folder), state), _loads(state)
        theirs, absent = _theirs(install=not smoke)
        medians, failures = _medians([*ours, *theirs, *loads], rounds)
    absent += [failures[name] for name, _ in theirs if name in failures]
    problems = tuple(failures[name] for name, _ in [*ours, *loads] if name in failures)
    started = {name: medians[name] for name, _ in [*ours, *theirs] if name in medians}
    return [_startup(started, absent, rounds), _running(medians, problems)]


def _ours(folder: Path, state: dict[str, str]) -> list[Probe]:
    path = folder / "reliakit.yaml"
    path.write_text(document(flags(3)))
    construct = _CONSTRUCT.format(path=str(path))
    return [
        (OURS, lambda: _printed(["-c", _IMPORT.format(module="reliakit")], state)),
        ("Reliakit(file of 3 flags)", lambda: _printed(["-c", construct], state)),
    ]


def _theirs(*, install: bool) -> tuple[list[Probe], list[str]]:
    found: list[Probe] = []
    absent: list[str] = []
    for peer in peers():
        if why := installed(peer, install=install):
            absent.append(f"{peer.name}: {why}")
        else:
            found.append((f"import {peer.imports}", _importing(peer.imports, str(peer.python))))
    return found, absent


def _importing(module: str, python: str) -> Callable[[], float]:
    return lambda: _printed(["-c", _IMPORT.format(module=module)], {}, python)


def _loads(state: dict[str, str]) -> list[Probe]:
    def probe(what: str) -> Callable[[], float]:
        return lambda: _printed(["-m", "benchmarks.load", what], state)

    return [(what, probe(what)) for what in ("memory", "plain", "reload", "control")]


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


def _medians(probes: list[Probe], rounds: int) -> tuple[dict[str, float], dict[str, str]]:
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
    return medians, failures


def _reason(error: subprocess.SubprocessError) -> str:
    lines = (getattr(error, "stderr", None) or str(error)).strip().splitlines()
    return lines[-1][:200] if lines else type(error).__name__


def _startup(medians: dict[str, float], absent: list[str], rounds: int) -> Table:
    ours = medians.get(OURS)
    return Table(
        "Footprint: start",
        ("what", "ms", f"x {OURS}"),
        tuple(
            (name, f"{figure:.1f}", f"{figure / ours:.2f}" if ours else "-")
            for name, figure in sorted(medians.items(), key=itemgetter(1))
        ),
        notes=(
            f"over a bare interpreter; medians of {rounds} interleaved fresh processes",
            *(f"not measured: {why}" for why in absent),
            at_most(OURS, ours, 80, " ms").line(),
        ),
    )


def _running(medians: dict[str, float], problems: tuple[str, ...]) -> Table:
    figures = (
        ("memory of 1,000 flags, every other with a rule, each evaluated once", "memory", "MB"),
        ("the same, each a percentage alone", "plain", "MB"),
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
        problems=problems,
    )
