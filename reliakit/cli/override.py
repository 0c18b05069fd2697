"""`reliakit override`: a signed header and cookie that force slots and flags."""

import os

import click

from reliakit.cli.printing import on_terminal, print_json, print_line, tell
from reliakit.cli.settings import pairs

__all__ = ["command"]

_SHORTEST_KEY = 16


@click.command("override")
@click.option("--slot", "slots", metavar="ROLLOUT=SLOT", multiple=True, help="Force a slot; may be repeated.")
@click.option("--flag", "flags", metavar="FLAG=VARIANT", multiple=True, help="Force a flag; may be repeated.")
@click.option(
    "--key", required=True, metavar="env:NAME|KEY", help="One of `overrides.keys` of the definitions."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(slots: tuple[str, ...], flags: tuple[str, ...], key: str, as_json: bool) -> None:
    """Sign a header or cookie that forces slots and flags.

    It holds for whoever sends it, for seven days, wherever the definitions list the key. Write env:NAME, since other users of a machine
    see the arguments of its programs.

    \b
    Example:
      reliakit override --slot shop=green --flag new_checkout=on --key env:OVERRIDE_KEY
    """
    from reliakit.middleware.overrides import COOKIE, HEADER, Forced, sign

    forced = Forced(pairs(slots, "--slot"), pairs(flags, "--flag"))
    if not (forced.slots or forced.flags):
        raise click.UsageError("nothing to force: give --slot or --flag")
    header, value = HEADER.title(), sign(forced, _key(key))
    if as_json:
        print_json({"header": header, "cookie": COOKIE, "value": value})
        return
    print_line(f"{header}: {value}")
    print_line(f"Cookie: {COOKIE}={value}")
    if on_terminal():
        tell("send either of the two with a request; they hold for seven days", "bright_black")


def _key(written: str) -> str:
    name = written.removeprefix("env:")
    key = os.environ.get(name, "") if name != written else written
    if not key:
        raise click.BadParameter(f"the environment has no variable {name!r}", param_hint="--key")
    if len(key) < _SHORTEST_KEY:
        raise click.BadParameter(f"a key has {_SHORTEST_KEY} characters or more", param_hint="--key")
    return key
