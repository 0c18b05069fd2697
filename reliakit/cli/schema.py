"""`reliakit schema`: the JSON Schema of a definitions file."""

import click

from reliakit.cli.printing import print_json
from reliakit.definitions.schema import schema

__all__ = ["command"]


@click.command("schema")
def command() -> None:
    """Print the JSON Schema of definitions files.

    \b
    Example:
      reliakit schema > reliakit.schema.json

    Editors complete and check a file that names it in its first line:
    # yaml-language-server: $schema=./reliakit.schema.json
    """
    print_json(schema())
