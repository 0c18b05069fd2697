"""A kilobyte at a time over 32 connections: processor time of the proxy for each request, and how long a client waits.

Processor time is what the kernel says of the proxy's processes, so that a busy machine disturbs it little.
"""

from collections.abc import Callable, Mapping, Sequence
from statistics import median

from benchmarks.budgets import Budget, at_most
from benchmarks.gateway_upstream import upstream
from benchmarks.hops.load import CONNECTIONS, Load, by_asyncio, by_wrk, has_wrk
from benchmarks.hops.ours import AIOHTTP, HTTP1
from benchmarks.hops.processes import processor_seconds
from benchmarks.hops.proxies import ENVOY, NGINX, Absent, Recipe
from benchmarks.hops.running import Running, running
from benchmarks.table import Table

__all__ = ["Sample", "measured", "over", "requests"]

Sample = tuple[float, float, float]
"""Microseconds of processor time for each request; and milliseconds that half of them, and 99 of 100, took at most."""
_SMOKE_REQUESTS = 640


def requests(recipes: Sequence[Recipe], absent: Absent, *, smoke: bool) -> Table:
    """Measures each of these, all taking turns."""
    rounds = 1 if smoke else 7
    problems: list[str] = []
    with upstream() as port, running(recipes, port) as proxies:
        samples = measured(proxies, rounds, problems, smoke=smoke)
    wrk = "wrk" if has_wrk() and not smoke else "a client of our own, which takes processors from the proxies"
    notes = (
        f"medians of {rounds} interleaved rounds by {wrk}; one worker or thread each; ratios are of the same round",
        *(f"not measured: {name}: {why}" for name, why in absent.items()),
        *(budget.line() for budget in _budgets(samples)),
    )
    title = f"A hop: 1 KiB, {CONNECTIONS} connections"
    return Table(title, _HEADER, _rows(samples), notes, tuple(problems))


def measured(
    proxies: Sequence[Running], rounds: int, problems: list[str], *, smoke: bool
) -> dict[str, list[Sample]]:
    """Returns what each costs, round by round; one round more comes first and is dropped."""
    load: Callable[[int], Load] = (
        (lambda port: by_wrk(port, 3))
        if has_wrk() and not smoke
        else (lambda port: by_asyncio(port, _SMOKE_REQUESTS))
    )
    samples: dict[str, list[Sample]] = {each.name: [] for each in proxies}
    for turn in range(rounds + 1):
        first = turn % len(proxies)
        for each in [*proxies[first:], *proxies[:first]]:
            samples[each.name].append(_sample(each, load, problems))
    return {name: each[1:] for name, each in samples.items()}


def _sample(proxy: Running, load: Callable[[int], Load], problems: list[str]) -> Sample:
    before = processor_seconds(proxy.pid)
    seen = load(proxy.port)
    used = processor_seconds(proxy.pid) - before
    if seen.wrong or not seen.requests:
        problems.append(f"{proxy.name}: {seen.wrong} wrong answers, {seen.requests} right ones")
    return used / max(1, seen.requests) * 1e6, seen.p50, seen.p99


def over(samples: Mapping[str, list[Sample]], name: str, base: str) -> float | None:
    """Returns how many times the processor time of another proxy one takes; None where either is not there."""
    if name not in samples or base not in samples:
        return None
    pairs = zip(samples[name], samples[base], strict=True)
    return median(own[0] / max(1e-3, other[0]) for own, other in pairs)


def _budgets(samples: Mapping[str, list[Sample]]) -> list[Budget]:
    return [
        at_most("processor time for a request, against Envoy", over(samples, HTTP1, ENVOY), 1.2, " x"),
        at_most("processor time for a request, against nginx", over(samples, HTTP1, NGINX), 3.5, " x"),
        at_most("the same with aiohttp, against nginx", over(samples, AIOHTTP, NGINX), 10, " x"),
    ]


_HEADER = ("proxy", "us of processor time", "x nginx", "x Envoy", "p50 ms", "p99 ms")


def _rows(samples: Mapping[str, list[Sample]]) -> tuple[tuple[str, ...], ...]:
    rows = []
    for name, each in samples.items():
        used, p50, p99 = (median(figures) for figures in zip(*each, strict=True))
        ratios = (over(samples, name, base) for base in (NGINX, ENVOY))
        shown = ("-" if ratio is None else f"{ratio:.2f}" for ratio in ratios)
        rows.append((name, f"{used:.0f}", *shown, f"{p50:.2f}", f"{p99:.2f}"))
    return tuple(rows)
