"""The pages, and the blocks of code in them."""

import re
from pathlib import Path
from typing import NamedTuple

__all__ = ["DOCS", "PAGES", "ROOT", "Block", "blocks", "named", "quickstart"]

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [
    ROOT / "README.md",
    *sorted(
        path for path in DOCS.rglob("*.md") if path.relative_to(DOCS).parts[0] not in ("adr", "examples")
    ),
]
_BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A piece of code; `name` is empty unless the page names a file."""

    language: str
    name: str
    body: str


def blocks(page: Path) -> list[Block]:
    """Returns the blocks of a page, in its order."""
    return [Block(*found) for found in _BLOCK.findall(page.read_text())]


def named(page: Path, language: str) -> str:
    """Returns the only block in a language."""
    (found,) = [block.body for block in blocks(page) if block.language == language]
    return found


def quickstart(page: Path) -> list[Block]:
    """Returns the blocks up to the first heading after some Python: what a newcomer types before anything else."""
    text = page.read_text()
    end = text.find("\n## ", text.index("```python"))
    return [Block(*found) for found in _BLOCK.findall(text[:end])]
