"""The pages of frameworks that need no package, followed as a reader would, up to where they tell how to test."""

import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.servers.serving import ROOT

__all__ = ["FLAGS", "followed", "prepared", "shown"]

FLAGS = [f"flag_{number}" for number in range(32)]
"""More than a page has, so many that no two visitors have the same answers."""
_BLOCK = re.compile(r"^```(\w+)(?: \S+)?\n(.*?)^```", re.MULTILINE | re.DOTALL)


def shown(page: str, language: str) -> list[str]:
    """Returns the blocks of a page in one language."""
    text = (ROOT / "docs" / f"{page}.md").read_text().partition("## In tests")[0]
    return [body for found, body in _BLOCK.findall(text) if found == language]


def prepared(page: str, folder: Path) -> Path:
    """Writes a page's definitions, and more flags."""
    (definitions,) = shown(page, "yaml")
    more = "".join(f"  {flag}: {{percentage: 50}}\n" for flag in FLAGS)
    path = folder / "reliakit.yaml"
    path.write_text(definitions.replace("flags:\n", f"flags:\n{more}"))
    return path


def followed(page: str, blocks: slice = slice(None)) -> dict[str, Any]:
    """Runs what a page shows, in the folder with its definitions, and returns the names that it has made."""
    # A module, since frameworks look up there what the names in a function's annotations mean.
    module = sys.modules["shop"] = ModuleType("shop")
    names = module.__dict__
    for number, body in enumerate(shown(page, "python")[blocks]):
        exec(compile(body, f"{page}.md, block {number}", "exec"), names)
    return names
