"""`reliakit diff`: what changes from one definitions file to another."""

from pathlib import Path

import click

from reliakit.cli.files import FILE, definitions_in
from reliakit.cli.printing import print_json, print_line, tell
from reliakit.definitions.difference import difference

__all__ = ["command"]


@click.command("diff")
@click.argument("old", type=FILE)
@click.argument("new", type=FILE)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--exit-code", is_flag=True, help="Exit with 1 where something changes, as git diff does.")
@click.pass_context
def command(ctx: click.Context, old: Path, new: Path, as_json: bool, exit_code: bool) -> None:
    """Say what changes between two definitions files, a line a change.

    \b
    Examples:
      reliakit diff before.yaml after.yaml
      reliakit diff <(git show HEAD:reliakit.yaml) reliakit.yaml --exit-code
    """
    changes = list(difference(definitions_in(old), definitions_in(new)))
    if as_json:
        print_json({"old": click.format_filename(old), "new": click.format_filename(new), "changes": changes})
    else:
        for change in changes:
            print_line(change, _colour(change))
        if not changes:
            tell("no changes")
    ctx.exit(1 if exit_code and changes else 0)


def _colour(change: str) -> str:
    head = change.partition(":")[0]
    return "green" if head.endswith(" added") else "red" if head.endswith(" removed") else "yellow"
