"""Endpoints, zones and regions that fail under load: what clients see of it, and for how long.

`python -m benchmarks failures` also puts the table into docs/upstreams.md.
"""

import asyncio
import sys
from pathlib import Path

from benchmarks.failures.clients import Clients
from benchmarks.failures.judging import LATE, Verdict, judged
from benchmarks.failures.mishaps import MISHAPS
from benchmarks.failures.places import SAID, fleet
from benchmarks.failures.writing import written
from benchmarks.table import Table

__all__ = ["run"]

_PAGE = Path(__file__).parents[2] / "docs" / "upstreams.md"
_RATE, _WORKERS = 500, 2
_PARTS = ("endpoint", "zone", "region")
_BEFORE, _DURING, _AFTER = 2.0, 6.0, 4.0
_TRIES, _UNREST = 3, 0.25
"""How often a mishap is tried where the machine itself made requests late, by so many seconds."""
_SMOKE = (("killed", "endpoint"), ("accepts, never answers", "zone"))


def run(smoke: bool) -> list[Table]:
    """Lets everything befall every part, under load; as a `smoke` test two of them for a moment."""
    chosen = _SMOKE if smoke else tuple((name, part) for part in _PARTS for name in MISHAPS)
    tries = {
        (name, part): _steadily(name, part, *((2.0, 100, 1) if smoke else (_DURING, _RATE, _TRIES)))
        for name, part in chosen
    }
    table = _table(tries)
    if not smoke:
        _PAGE.write_text(written(_PAGE.read_text(), table))
    return [table]


def _steadily(name: str, part: str, seconds: float, rate: float, most: int) -> list[Verdict]:
    """Tries until the machine had time for it; failures count in any case."""
    found: list[Verdict] = []
    while len(found) < most and not (found and found[-1].unrest < _UNREST):
        found.append(asyncio.run(_tried(name, part, seconds, rate)))
        _tell(f"{part} {name}", found[-1])
    return found


async def _tried(name: str, part: str, seconds: float, rate: float) -> Verdict:
    with fleet(_WORKERS) as running:
        clients = Clients(running.port, rate)
        asking = asyncio.create_task(clients.run())
        await asyncio.sleep(_BEFORE)
        since = asyncio.get_running_loop().time()
        await MISHAPS[name](running.part(part), seconds)
        await asyncio.sleep(_AFTER)
        clients.stop()
        await asking
        assert not clients.skipped, "the clients could not keep up"
        return judged(clients.answered, running.seen, clients.lag, since)


def _tell(title: str, verdict: Verdict) -> None:
    print(f"{title}: {verdict}", file=sys.stderr, flush=True)


def _table(tries: dict[tuple[str, str], list[Verdict]]) -> Table:
    best = {what: min(found, key=lambda each: each.unrest) for what, found in tries.items()}
    rows = tuple(_row(name, part, each) for (name, part), each in best.items())
    asked = (
        f"{_RATE} requests in a second, as many whatever is answered: half of them GET, a fifth PUT and DELETE, 30 % "
        f"POST; {_DURING:g} s of the mishap, the seconds before and after counted too; tried again where the machine "
        "was late by itself"
    )
    words = (
        f"`reliakit serve` with {_WORKERS} workers; late: a good answer after more than {LATE:g} s; to recover: from "
        "the first request that failed or was late to the last, as they were sent; the clients, the workers and all "
        "endpoints share the machine"
    )
    problems = [
        problem
        for (name, part), found in tries.items()
        for each in found
        for problem in _problems(f"{part} {name}", each)
    ]
    header = (
        "what happens",
        "to a",
        "GET, PUT, DELETE failed",
        "POST failed",
        "POST sent twice",
        "late",
        "to recover",
    )
    return Table("Failures that clients see", header, rows, (asked, SAID, words), tuple(problems))


def _row(name: str, part: str, verdict: Verdict) -> tuple[str, ...]:
    return (
        name,
        part,
        _share(verdict.safe_failed, verdict.safe),
        _share(verdict.unsafe_failed, verdict.unsafe),
        str(verdict.twice),
        _share(verdict.late, verdict.requests),
        f"{verdict.recovered:.1f} s",
    )


def _share(count: int, total: int) -> str:
    return f"{100 * count / total:.2f} %" if count else "none"


def _problems(title: str, verdict: Verdict) -> list[str]:
    found = []
    if verdict.safe_failed:
        found.append(
            f"{title}: {verdict.safe_failed} requests that may be repeated failed: {dict(verdict.why)}"
        )
    if verdict.twice:
        found.append(f"{title}: {verdict.twice} requests that may not be repeated were")
    return found
