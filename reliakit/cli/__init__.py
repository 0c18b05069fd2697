"""The `reliakit` command."""

from reliakit.cli.program import main

__all__ = ["main"]
