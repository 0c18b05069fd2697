"""`reliakit rollout plan`: how long a release will take, before anybody starts it."""

from math import inf, isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reliakit.cli.files import FILE, definitions_in
from reliakit.cli.printing import on_terminal, print_json, print_line, screen, tell
from reliakit.cli.rollout.found import defined
from reliakit.cli.rollout.planned import advice, gate, length, notes, requests, said, summary, weight

if TYPE_CHECKING:
    from reliakit.rollouts.planning import Plan, StepPlan
    from reliakit.rollouts.spread import Spread

__all__ = ["command"]


class _Rate(click.ParamType[float]):
    name = "percent"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        try:
            rate = float(value.strip().removesuffix("%")) / 100
        except ValueError:
            rate = -1.0
        if not 0 <= rate < 1:
            self.fail(f"expected a percentage such as 0.5%, from 0% to below 100%, got {value!r}", param, ctx)
        return rate


@click.command("plan")
@click.argument("name")
@click.option(
    "--rps",
    type=click.FloatRange(0, 1e9, min_open=True),
    required=True,
    help="Requests in a second that the rollout splits between its slots.",
)
@click.option(
    "--base-rate",
    type=_Rate(),
    default="0.5%",
    show_default=True,
    metavar="PERCENT",
    help="The share of requests that fail on stable.",
)
@click.option("--file", type=FILE, default="reliakit.yaml", show_default=True, help="The definitions.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def command(ctx: click.Context, name: str, rps: float, base_rate: float, file: Path, as_json: bool) -> None:
    """Tell how long a release will take.

    For a canary as good as stable: "expected" is the median, and 95 % of releases are through by "worst". What people take at gates is left out. Below are regressions: how long until they are rolled back at the first step, in the median.

    \b
    Examples:
      reliakit rollout plan shop --rps 5
      reliakit rollout plan shop --rps 0.5 --base-rate 0.1% --file reliakit.yaml --json

    Exit code 1 where a step is expected to miss its deadline.
    """
    from reliakit.rollouts.planning import planned

    if isnan(rps):  # which no range refuses
        raise click.BadParameter("expected a number above 0", param_hint="--rps")
    plan = planned(defined(definitions_in(file), name), rps, base_rate)
    if as_json:
        print_json(_report(plan))
    elif on_terminal():
        _show(plan)
    else:
        for line in (*map(said, plan.steps), *summary(plan)):
            print_line(line)
    if not as_json:
        _warn(plan)
    ctx.exit(1 if any(map(plan.late, plan.steps)) else 0)


def _warn(plan: "Plan") -> None:
    for step in plan.steps:
        if plan.risky(step):
            tell(advice(plan, step), "red" if plan.late(step) else "yellow")
    for note in notes(plan):
        tell(note, "bright_black")


def _show(plan: "Plan") -> None:
    from rich.table import Table

    table = Table(box=None, padding=(0, 3, 0, 0), header_style="dim")
    table.add_column("step", style="bold")
    for title in ("expected", "worst", "requests", "at worst"):
        table.add_column(title, justify="right")
    table.add_column("then")
    for step in plan.steps:
        colour = "red" if plan.late(step) else "yellow" if plan.risky(step) else None
        table.add_row(*_cells(step), gate(step.step), style=colour)
    screen().print(table)
    for line in summary(plan):
        screen().print(line)


def _cells(step: "StepPlan") -> tuple[str, ...]:
    took, came = step.seconds, step.requests
    counts = ("", "") if came is None else (requests(came.expected), requests(came.worst))
    return weight(step.step), length(took.expected), length(took.worst), *counts


def _report(plan: "Plan") -> dict[str, Any]:
    """Seconds and requests as numbers; null for what never comes, or what nothing compares."""
    return {
        "rollout": plan.definition.name,
        "strategy": plan.definition.strategy,
        "rps": plan.rps,
        "base_rate": plan.base_rate,
        "deadline": _finite(plan.definition.deadline),
        "steps": [_step(plan, step) for step in plan.steps],
        "seconds": _both(plan.seconds),
        "regressions": [
            {"times": each.times, "requests": _finite(each.requests), "seconds": _finite(each.seconds)}
            for each in plan.regressions
        ],
        "unplanned": plan.unplanned,
    }


def _step(plan: "Plan", planned: "StepPlan") -> dict[str, Any]:
    step = planned.step
    return {
        "weight": step.weight,
        "seconds": _both(planned.seconds),
        "requests": None if planned.requests is None else _both(planned.requests),
        "bake": step.bake,
        "pause": step.pause,
        "gate": step.gate,
        "deadline": "missed" if plan.late(planned) else "at risk" if plan.risky(planned) else "kept",
    }


def _both(spread: "Spread") -> dict[str, float | None]:
    return {"expected": _finite(spread.expected), "worst": _finite(spread.worst)}


def _finite(value: float | None) -> float | None:
    return None if value is None or value == inf else round(value, 1)
