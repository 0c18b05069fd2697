"""What wrapping an application costs each request, beside other wrappers, and how much of that is metrics.

Applications are called directly, so figures hold no server, socket or parser; they are processor time. Within a
table all subjects take turns in one process; what is added is the median of the differences to the bare
application, round by round, and in brackets the difference of the best rounds.
"""

from benchmarks import asgi_subjects, recording, wsgi_subjects
from benchmarks.budgets import at_least, at_most
from benchmarks.rounds import Batch, Timings, interleaved
from benchmarks.table import Table

__all__ = ["run"]

_ADDED_MICROSECONDS = 3
_TIMES_CHEAPER = 25
_RECORDING_MICROSECONDS = 0.5


def run(smoke: bool) -> list[Table]:
    """Measures ASGI, WSGI and recording."""
    rounds, seconds = (1, 0.005) if smoke else (9, 0.2)
    return [_asgi(rounds, seconds), _wsgi(rounds, seconds), _recording(rounds, seconds)]


def _asgi(rounds: int, seconds: float) -> Table:
    problems: list[str] = []
    with asgi_subjects.asgi_subjects(problems) as subjects:
        timings = interleaved(subjects, rounds, seconds)
    base, ours, otel = (
        timings[name] for name in (asgi_subjects.BARE, asgi_subjects.OURS, asgi_subjects.OTEL)
    )
    cheaper = otel.over(base).median / ours.over(base).median
    budgets = (
        at_most(f"{asgi_subjects.OURS}, added", ours.over(base).median, _ADDED_MICROSECONDS, " us").line(),
        at_least(f"{asgi_subjects.OTEL}, added, against ours", cheaper, _TIMES_CHEAPER, " x").line(),
    )
    return _table("ASGI middleware", timings, asgi_subjects.BARE, asgi_subjects.OTEL, budgets, problems)


def _wsgi(rounds: int, seconds: float) -> Table:
    problems: list[str] = []
    with wsgi_subjects.wsgi_subjects(problems) as subjects:
        timings = interleaved(subjects, rounds, seconds)
    added = timings[wsgi_subjects.OURS].over(timings[wsgi_subjects.BARE]).median
    budget = at_most(f"{wsgi_subjects.OURS}, added", added, _ADDED_MICROSECONDS, " us").line()
    return _table("WSGI middleware", timings, wsgi_subjects.BARE, wsgi_subjects.OTEL, (budget,), problems)


def _recording(rounds: int, seconds: float) -> Table:
    subjects: dict[str, Batch] = recording.recording_subjects()
    timings = interleaved(subjects, rounds, seconds)
    loop = timings[recording.LOOP]
    added = {name: timings[name].over(loop) for name in (recording.RECORD, recording.COUNT)}
    spent = sum(each.median for each in added.values())
    budget = at_most("metrics of a request with one flag", spent, _RECORDING_MICROSECONDS, " us").line()
    return _table("Metrics on the request path", timings, recording.LOOP, recording.SDK, (budget,), [])


def _table(
    title: str,
    timings: dict[str, Timings],
    base: str,
    otel: str,
    budgets: tuple[str, ...],
    problems: list[str],
) -> Table:
    rounds = len(timings[base].rounds)
    return Table(
        title,
        ("us", "each", "added (best)", "OpenTelemetry adds"),
        tuple(_row(name, timings, base, otel) for name in timings),
        notes=(f"medians of {rounds} interleaved rounds", *budgets),
        problems=tuple(problems),
    )


def _row(name: str, timings: dict[str, Timings], base: str, otel: str) -> tuple[str, ...]:
    own, reference = timings[name], timings[base]
    if name == base:
        return name, f"{own.median:.2f}", "-", "-"
    added = own.over(reference).median
    times = timings[otel].over(reference).median / added
    best = own.least - reference.least
    return name, f"{own.median:.2f}", f"{added:.2f} ({best:.2f})", f"{times:,.1f} x"
