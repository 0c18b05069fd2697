"""`reliakit check`: every mistake of a definitions file."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reliakit.cli.files import FILE, Examined, examine
from reliakit.cli.printing import on_terminal, plural, print_json, print_line, screen, tell
from reliakit.definitions.problems import Problem, render

if TYPE_CHECKING:
    from rich.padding import Padding
    from rich.text import Text

__all__ = ["command"]

_COLOURS = {"error": "red", "warning": "yellow"}


@click.command("check")
@click.argument("file", type=FILE)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--connect", is_flag=True, help="Try the endpoints of upstreams, too.")
@click.pass_context
def command(ctx: click.Context, file: Path, as_json: bool, connect: bool) -> None:
    """Find every mistake in a definitions file.

    Prints all errors and warnings. The file is read with the environment of this shell, as an application would that starts here: `env:NAME` must be set.

    \b
    Examples:
      reliakit check reliakit.yaml
      reliakit check reliakit.yaml --json | jq '.problems[].message'
      reliakit check reliakit.yaml --connect

    Exit code 1 where there is an error; warnings alone give 0.
    """
    examined = _connected(examine(file)) if connect else examine(file)
    problems = sorted([*examined.loaded.problems, *examined.loaded.warnings], key=_place)
    if as_json:
        print_json(_report(examined, problems))
    elif on_terminal():
        _show(examined, problems)
    else:
        for problem in problems:
            print_line(str(problem))
    if not as_json:
        _summarise(examined, problems)
    ctx.exit(1 if examined.loaded.problems else 0)


def _connected(examined: Examined) -> Examined:
    """Adds a warning for each endpoint of an upstream that can't be reached."""
    loaded, document = examined.loaded, examined.document
    if loaded.definitions is None or document is None:
        return examined
    from reliakit.cli.connecting import connecting

    found = [
        replace(each, source=document.origin(each.path), line=document.line(each.path))
        for each in connecting(loaded.definitions)
    ]
    return replace(examined, loaded=replace(loaded, warnings=(*loaded.warnings, *found)))


def _place(problem: Problem) -> tuple[int, int]:
    return problem.line or 0, problem.column or 0


def _show(examined: Examined, problems: Iterable[Problem]) -> None:
    """Groups problems by the flag, rollout or section that they are in, each with the line it is about."""
    for section, group in groupby(problems, key=lambda problem: render(problem.path[:2])):
        screen().print(section or examined.name, style="bold")
        for problem in group:
            _show_one(examined, problem)


def _show_one(examined: Examined, problem: Problem) -> None:
    from rich.text import Text

    console, colour = screen(), _COLOURS[problem.severity]
    where = render(problem.path[2:]).removeprefix(".")
    head = Text.assemble(
        (problem.severity, f"bold {colour}"), f"  {where + ': ' if where else ''}{problem.message}"
    )
    console.print(_indented(head, 2))
    if problem.line is not None and problem.line <= len(examined.lines):
        source = Text(f"{problem.line:>5} │ {examined.lines[problem.line - 1].expandtabs(2)}", style="dim")
        console.print(_indented(source, 2), no_wrap=True, overflow="ellipsis")
    if problem.hint:
        console.print(_indented(Text(f"hint: {problem.hint}", style="cyan"), 8))
    console.print()


def _indented(text: "Text", columns: int) -> "Padding":
    from rich.padding import Padding

    return Padding(text, (0, 0, 0, columns), expand=False)


def _summarise(examined: Examined, problems: list[Problem]) -> None:
    errors, warnings = len(examined.loaded.problems), len(examined.loaded.warnings)
    if not problems:
        definitions = examined.loaded.definitions
        assert definitions is not None
        held = f"{plural(len(definitions.flags), 'flag')}, {plural(len(definitions.rollouts), 'rollout')}"
        tell(f"{examined.name}: no problems; {held}", "green")
        return
    found = [plural(errors, "error")] * bool(errors) + [plural(warnings, "warning")] * bool(warnings)
    tell(f"{examined.name}: {', '.join(found)}", "red" if errors else "yellow")


def _report(examined: Examined, problems: Iterable[Problem]) -> dict[str, Any]:
    return {
        "file": examined.name,
        "ok": not examined.loaded.problems,
        "errors": len(examined.loaded.problems),
        "warnings": len(examined.loaded.warnings),
        "problems": [_fields(problem) for problem in problems],
    }


def _fields(problem: Problem) -> dict[str, Any]:
    return {
        "severity": problem.severity,
        "line": problem.line,
        "column": problem.column,
        "path": list(problem.path),
        "where": render(problem.path),
        "message": problem.message,
        "hint": problem.hint,
    }
