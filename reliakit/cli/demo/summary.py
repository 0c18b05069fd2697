"""How the demo ends: the figures, the promises, and what a worker exported."""

from collections.abc import Iterable

from reliakit.cli.demo.flags_file import FLAG
from reliakit.cli.demo.promises import Promise
from reliakit.cli.demo.view import View, flag_rows, reason_rows, version_rows
from reliakit.cli.printing import on_terminal, plural, print_line

__all__ = ["summarise"]

_MARKS = {True: ("kept", "green"), False: ("BROKEN", "red"), None: ("open", "yellow")}
_ZERO = "} 0 "
_SHOWN = (
    "reliakit.requests",
    "reliakit.request.duration",
    f"reliakit.flag.evaluations{{feature_flag.key={FLAG}",
)


def summarise(view: View, judged: Iterable[Promise]) -> None:
    """Prints the end of a demo; on a terminal the last table stands above it already."""
    if not on_terminal():
        _print_figures(view)
    for worker, status in list(view.statuses.items())[-1:]:  # one stands for all
        _print_metrics(worker, status["metrics"])
    for promise in judged:
        mark, colour = _MARKS[promise.kept]
        print_line(f"{mark}: {promise.text}", colour)


def _print_figures(view: View) -> None:
    for version, requests, share, users, errors, p50, p95 in version_rows(view.figures):
        rates = f"errors {errors}, p50 {p50}, p95 {p95}"
        print_line(f"version {version}: {requests} requests, {share}, {users} users, {rates}")
    for flag, variant, users, share in flag_rows(view.figures):
        print_line(f"flag {flag} = {variant}: {users} users, {share}")
    for name, count in reason_rows(view.figures):
        print_line(f"evaluations of {name}: {count}")


def _print_metrics(worker: int, lines: list[str]) -> None:
    if lines:
        print_line(f"worker {worker} exports {plural(len(lines), 'point')}, among them:")
    for line in sorted(line for line in lines if line.startswith(_SHOWN) and _ZERO not in line):
        print_line(f"  {line}")
