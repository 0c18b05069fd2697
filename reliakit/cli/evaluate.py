"""`reliakit eval`: one flag's answer for one user, and why."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from reliakit.cli.files import FILE, definitions_in
from reliakit.cli.printing import on_terminal, print_json, print_line, screen
from reliakit.cli.settings import attributes
from reliakit.clock import SYSTEM
from reliakit.definitions.explanation import Explanation, explain
from reliakit.definitions.overrides import from_environment

__all__ = ["command"]


@click.command("eval")
@click.argument("file", type=FILE)
@click.argument("flag", metavar="FLAG", required=False)
@click.option("--user", metavar="KEY", help="The targeting key; nobody in particular by default.")
@click.option("--set", "settings", metavar="NAME=VALUE", multiple=True, help="An attribute; may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def command(
    ctx: click.Context,
    file: Path,
    flag: str | None,
    user: str | None,
    settings: tuple[str, ...],
    as_json: bool,
) -> None:
    """Evaluate one flag, and say why it answers so.

    Values of --set are read as in YAML: pro is text, 30 a number, true a bool, [a, b] a list, '"30"' text again.
    RELIAKIT_FLAG_ variables of this shell win over the file, as they do in an application.

    \b
    Examples:
      reliakit eval reliakit.yaml new_checkout --user user-42
      reliakit eval reliakit.yaml new_checkout --user user-42 --set plan=pro --set age=30 --json

    Exit code 1 where an application would be served its own default.
    """
    if flag is None:
        file, flag = _of_the_application(ctx), str(file)
    definitions = definitions_in(file)
    pinned, problems = from_environment(os.environ, definitions)
    for problem in problems:
        click.secho(str(problem), fg="yellow", err=True)
    told = explain(definitions, flag, user, attributes(settings, "--set"), pinned, SYSTEM.time)
    if as_json:
        print_json(_report(told, user))
    elif on_terminal():
        _show(told)
    else:
        for name, fact in (*_facts(told), *(("step", step) for step in told.steps)):
            print_line(f"{name}: {fact}")
    ctx.exit(0 if told.evaluation.error_code is None else 1)


def _of_the_application(ctx: click.Context) -> Path:
    """Where one argument is all that was given, it is the flag, and the file is that of the program around us."""
    known = ctx.lookup_default("file")
    if known is None:
        raise click.MissingParameter(ctx=ctx, param=ctx.command.params[1])
    return Path(known)


def _facts(told: Explanation) -> Iterator[tuple[str, Any]]:
    found = told.evaluation
    yield "flag", found.flag_key
    yield "value", json.dumps(found.value, ensure_ascii=False)
    if found.variant is not None:
        yield "variant", found.variant
    yield "reason", str(found.reason)
    if found.error_code is not None:
        yield "error", str(found.error_code)


def _report(told: Explanation, user: str | None) -> dict[str, Any]:
    found = told.evaluation
    return {
        "flag": found.flag_key,
        "user": user,
        "value": found.value,
        "variant": found.variant,
        "reason": found.reason,
        "error": found.error_code,
        "steps": told.steps,
    }


def _show(told: Explanation) -> None:
    from rich.table import Table

    colour = "green" if told.evaluation.error_code is None else "red"
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim")
    table.add_column(style=f"bold {colour}", overflow="fold")
    for name, fact in _facts(told):
        table.add_row(name, str(fact))
    screen().print(table)
    for number, step in enumerate(told.steps, 1):
        screen().print(f"  {number}. {step}")
