"""`reliakit schema`: the JSON Schema of a definitions file."""

import click

from reliakit.cli.printing import print_json
from reliakit.definitions.schema import schema

__all__ = ["command"]


@click.command("schema")
def command() -> None:
    """Print the JSON Schema of definitions files, for editors and other tools.

    \b
    Example:
      reliakit schema > reliakit.schema.json

    Then let the editor know it, in the first line of the file:
    # yaml-language-server: $schema=./reliakit.schema.json
    """
    print_json(schema())
