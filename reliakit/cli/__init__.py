"""The `reliakit` command."""

from reliakit.cli.program import main, program

__all__ = ["main", "program"]
