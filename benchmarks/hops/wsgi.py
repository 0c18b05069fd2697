"""WSGI under gunicorn, with threads: an upstream of reliakit's, beside a plain proxy over urllib3."""

import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median

from benchmarks.gateway_upstream import upstream
from benchmarks.hops.load import CONNECTIONS
from benchmarks.hops.proxies import Recipe
from benchmarks.hops.requests import measured, over
from benchmarks.hops.running import running
from benchmarks.table import Table

__all__ = ["wsgi"]

_OURS, _PLAIN = "reliakit under gunicorn", "twenty lines over urllib3"


def wsgi(*, smoke: bool) -> Table:
    """Measures both, taking turns."""
    rounds = 1 if smoke else 7
    recipes = [Recipe(_OURS, _gunicorn("ours"))]
    if not smoke:
        recipes.append(Recipe(_PLAIN, _gunicorn("plain")))
    problems: list[str] = []
    with upstream() as port, running(recipes, port) as proxies:
        samples = measured(proxies, rounds, problems, smoke=smoke)
    rows = []
    for name, each in samples.items():
        used, p50, p99 = (median(figures) for figures in zip(*each, strict=True))
        ratio = over(samples, name, _PLAIN)
        rows.append(
            (name, f"{used:.0f}", "-" if ratio is None else f"{ratio:.2f}", f"{p50:.2f}", f"{p99:.2f}")
        )
    header = ("application", "us of processor time", "x plain", "p50 ms", "p99 ms")
    notes = (f"medians of {rounds} interleaved rounds; gthread, one process of 32 threads",)
    return Table(
        f"A hop of WSGI: 1 KiB, {CONNECTIONS} connections", header, tuple(rows), notes, tuple(problems)
    )


def _gunicorn(app: str) -> Callable[[Path, int, int], list[str]]:
    def command(folder: Path, port: int, upstream: int) -> list[str]:
        return [
            *(sys.executable, "-m", "gunicorn", f"benchmarks.hops.wsgi_apps:{app}()"),
            *(
                "--bind",
                f"127.0.0.1:{port}",
                "--worker-class",
                "gthread",
                "--threads",
                "32",
                "--no-control-socket",
            ),
            *("--log-level", "error", "--env", f"UPSTREAM=http://127.0.0.1:{upstream}"),
        ]

    return command
