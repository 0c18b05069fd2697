"""`reliakit flag disable`: the kill switch."""

import click

from reliakit.cli.flag.pinning import Pinning, changes_a_pin
from reliakit.cli.options import LENGTH
from reliakit.definitions.conditions import ConditionReader
from reliakit.definitions.flags import FlagReader, variants_of
from reliakit.definitions.models import Definitions, Flag

__all__ = ["command"]


@click.command("disable")
@changes_a_pin
@click.option(
    "--for", "lasts", type=LENGTH, metavar="4h", help="Until it ends by itself; until cleared by default."
)
def command(pinning: Pinning) -> None:
    """Switch a flag off for everybody.

    A flag with variants answers the one called off, or else what `enabled: false` would make it answer.

    \b
    Examples:
      reliakit flag disable new_checkout --reason "payments time out"
      reliakit flag disable new_checkout --for 4h --reason "payments time out" --as alice
    """
    pinning.pin(lambda definitions, flag: _off(definitions, pinning.key, flag))


def _off(definitions: Definitions, key: str, flag: Flag) -> bool | str:
    if flag.variants is None:
        return False
    if "off" in variants_of(flag):
        return "off"
    return FlagReader(ConditionReader(definitions.segments, {})).plan(key, flag).off
