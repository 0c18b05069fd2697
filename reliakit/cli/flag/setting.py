"""`reliakit flag set`: one variant for everybody."""

import click

from reliakit.cli.flag.pinning import Pinning, changes_a_pin
from reliakit.cli.options import LENGTH
from reliakit.cli.printing import Failure
from reliakit.core.pins import pin
from reliakit.definitions.flags import variants_of
from reliakit.definitions.models import Definitions, Flag
from reliakit.definitions.problems import enumerate_words, suggestion

__all__ = ["command"]


@click.command("set")
@changes_a_pin
@click.argument("variant")
@click.option(
    "--for", "lasts", type=LENGTH, metavar="4h", help="Until it ends by itself; until cleared by default."
)
def command(pinning: Pinning, variant: str) -> None:
    """Give everybody one variant of a flag.

    \b
    Example:
      reliakit flag set banner plain --for 30m --reason "the loud one breaks on phones"
    """
    pinning.pin(lambda definitions, flag: _variant(definitions, flag, variant))


def _variant(definitions: Definitions, flag: Flag, word: str) -> bool | str:
    found = pin(variants_of(flag), word)
    if found is None:
        known = variants_of(flag)
        hint = suggestion(word, known) or f"expected {enumerate_words(list(known))}"
        raise Failure(f"there is no variant {word!r}; {hint}")
    return found[0] if flag.variants is not None else found[0] == "on"
