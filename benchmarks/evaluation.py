"""What one flag check costs, beside peers and a native floor.

Each subject runs in a process of its own. In every round each of them in turn times each kind of flag, so a slow
moment of the machine hits all alike; the figure is the median over the rounds. See `benchmarks.workload` for the
flags and `benchmarks.peers` for how each peer is set up: in favour of the peer wherever there is a choice.
"""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median

from benchmarks.budgets import at_least, at_most
from benchmarks.peers import installed, peers
from benchmarks.subjects import Subject, UnmeasuredError, started, stop, timed
from benchmarks.table import Table
from benchmarks.workload import KINDS

__all__ = ["run"]

OURS, FLOOR, RECORDING = "reliakit", "native C", "eppo-server-sdk, recording"
CROWDED = "among 1,000"
_MANY = 1000
_COLUMNS = (*KINDS, CROWDED)

Figures = dict[str, dict[str, float]]
"""Subject -> column -> median nanoseconds per call."""


@dataclass(frozen=True, slots=True)
class _Effort:
    rounds: int
    seconds: float


@dataclass(frozen=True, slots=True)
class _Candidate:
    name: str
    adapter: str
    python: str | None = None

    def start(self, flags: int) -> Subject:
        more = {} if self.python is None else {"python": self.python}
        return started(self.name, self.adapter, flags, **more)


def run(smoke: bool) -> list[Table]:
    """Measures every subject that can be had; without `smoke`, installs peers that are missing."""
    effort = _Effort(1, 0.01) if smoke else _Effort(7, 0.2)
    candidates, absent = _candidates(install=not smoke)
    with _subjects(candidates, absent) as subjects:
        figures = _medians(subjects, absent, effort)
    return [_table(figures, absent, effort)]


def _candidates(*, install: bool) -> tuple[list[_Candidate], dict[str, str]]:
    found = [_Candidate(OURS, "benchmarks.ours"), _Candidate(FLOOR, "benchmarks.native.adapter")]
    absent: dict[str, str] = {}
    for peer in peers():
        why = installed(peer, install=install)
        for name, adapter in peer.adapters.items():
            if why:
                absent[name] = why
            else:
                found.append(_Candidate(name, f"benchmarks.peers.{adapter}", str(peer.python)))
    return found, absent


@contextmanager
def _subjects(candidates: list[_Candidate], absent: dict[str, str]) -> Iterator[list[Subject]]:
    subjects: list[Subject] = []
    try:
        for candidate in candidates:
            try:
                subjects.extend(candidate.start(flags) for flags in (len(KINDS), _MANY))
            except UnmeasuredError as error:
                absent[candidate.name] = str(error)
        yield subjects
    finally:
        for subject in subjects:
            stop(subject)


def _medians(subjects: list[Subject], absent: dict[str, str], effort: _Effort) -> Figures:
    samples: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for _ in range(effort.rounds):
        for subject in subjects:
            if subject.name in absent:
                continue
            try:
                _sample(subject, samples[subject.name], effort.seconds)
            except UnmeasuredError as error:
                absent[subject.name] = str(error)
    return {
        name: {column: median(values) for column, values in columns.items()}
        for name, columns in samples.items()
        if name not in absent
    }


def _sample(subject: Subject, into: dict[str, list[float]], seconds: float) -> None:
    if subject.flags == _MANY:
        into[CROWDED].append(timed(subject, "ten_percent", seconds))
        return
    for kind in KINDS:
        into[kind].append(timed(subject, kind, seconds))


def _table(figures: Figures, absent: dict[str, str], effort: _Effort) -> Table:
    header = ("ns per call (x reliakit, x native C)", *_COLUMNS)
    rows = [(name, *(_cell(figures, name, column) for column in _COLUMNS)) for name in _ranked(figures)]
    return Table(
        "Flag evaluation",
        header,
        tuple(rows),
        notes=(f"medians of {effort.rounds} interleaved rounds", *_absences(absent), *_budgets(figures)),
        # A machine without a C compiler, or without Python's headers, has no floor: its row says so.
        problems=tuple(f"{name}: {why}" for name, why in absent.items() if name == OURS),
    )


def _ranked(figures: Figures) -> list[str]:
    return sorted(figures, key=lambda name: figures[name]["ten_percent"])


def _cell(figures: Figures, name: str, column: str) -> str:
    ratios = (_ratio(figures, name, other, column) for other in (OURS, FLOOR))
    shown = ", ".join("-" if ratio is None else f"{ratio:,.{1 if ratio >= 10 else 2}f}" for ratio in ratios)
    return f"{figures[name][column]:,.0f} ({shown})"


def _ratio(figures: Figures, name: str, other: str, column: str) -> float | None:
    if name not in figures or other not in figures:
        return None
    return figures[name][column] / figures[other][column]


def _absences(absent: dict[str, str]) -> list[str]:
    return [f"not measured: {name} ({why})" for name, why in sorted(absent.items())]


def _budgets(figures: Figures) -> list[str]:
    lines = [line for kind in ("ten_percent", "rule") for line in _kind_budgets(figures, kind)]
    crowded = figures[OURS][CROWDED] / figures[OURS]["ten_percent"] if OURS in figures else None
    return [*lines, at_most("1,000 flags loaded against 3", crowded, 1.1, " x").line()]


def _kind_budgets(figures: Figures, kind: str) -> list[str]:
    fastest = _fastest(figures, kind)
    against = None if fastest is None else _ratio(figures, fastest, OURS, kind)
    return [
        at_least(f"{kind} against the fastest SDK ({fastest})", against, 2, " x").line(),
        at_least(f"{kind} against {RECORDING}", _ratio(figures, RECORDING, OURS, kind), 6, " x").line(),
        at_most(f"{kind} against {FLOOR}", _ratio(figures, OURS, FLOOR, kind), 3.5, " x").line(),
    ]


def _fastest(figures: Figures, kind: str) -> str | None:
    rivals = [name for name in figures if name not in (OURS, FLOOR, RECORDING)]
    return min(rivals, key=lambda name: figures[name][kind], default=None)
