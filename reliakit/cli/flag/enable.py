"""`reliakit flag enable`: a flag on for everybody."""

import click

from reliakit.cli.flag.pinning import Pinning, changes_a_pin
from reliakit.cli.options import LENGTH
from reliakit.cli.printing import Failure
from reliakit.definitions.models import Definitions, Flag
from reliakit.definitions.problems import enumerate_words

__all__ = ["command"]


@click.command("enable")
@changes_a_pin
@click.option(
    "--for", "lasts", type=LENGTH, metavar="4h", help="Until it ends by itself; until cleared by default."
)
def command(pinning: Pinning) -> None:
    """Switch a flag on for everybody.

    For everybody: to have the file decide again after a disable, use `reliakit flag clear`.

    \b
    Example:
      reliakit flag enable new_checkout --for 1h --reason "load test"
    """
    pinning.pin(lambda definitions, flag: _on(definitions, pinning.key, flag))


def _on(definitions: Definitions, key: str, flag: Flag) -> bool | str:
    if flag.variants is None:
        return True
    if "on" in flag.variants:
        return "on"
    named = enumerate_words(list(flag.variants))
    raise Failure(f"{key} is not on or off, but {named}: choose one with `reliakit flag set {key} VARIANT`")
