"""The demo's flags file: what it says, and the edit that the demo makes half-way."""

import os
from pathlib import Path

__all__ = ["CHANGES", "FIRST", "FLAG", "SECOND", "FlagsFile"]

FLAG = "new_checkout"
"""The flag that the edit gives to more users."""
FIRST, SECOND = "1", "2"
"""The revisions before and after the edit."""
CHANGES = "new_checkout 10 -> 50 %, canary 10 -> 30 %"
"""The edit in words."""

_TEXT = """\
# The demo's flags. Edit and save this while it runs: both workers follow within half a second.
format: 1
revision: "1"

flags:
  new_checkout:
    description: Two-step checkout
    percentage: 10
  banner:
    variants: {plain: "#444", loud: "#f60"}
    split: {plain: 90, loud: 10}
  fast_search:
    rules:
      - if: {plan: pro}
  recommendations:
    kind: ops

upstreams:
  shop-v2: in_process

rollouts:
  shop:
    slots: {stable: {upstream: app}, canary: {upstream: shop-v2}}
    initial: stable
    weight: 10

routes:
  - {path_prefix: /shop, rollout: shop}
"""
_EDITS = (
    ('revision: "1"', 'revision: "2"'),
    ("percentage: 10\n", "percentage: 50\n"),
    ("weight: 10\n", "weight: 30\n"),
)


class FlagsFile:
    """Lives in a folder; notices when somebody else has edited it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "flags.yaml"
        self._write(_TEXT)

    def edit(self) -> None:
        """Gives the flag to half of all users, and the canary 30 %."""
        text = _TEXT
        for before, after in _EDITS:
            text = text.replace(before, after)
        self._write(text)

    def touched(self) -> bool:
        """Whether a person has edited or removed the file."""
        try:
            return self.path.read_text("utf-8") != self._written
        except (OSError, UnicodeError):
            return True

    def _write(self, text: str) -> None:
        """Replaces the file in one step, as editors and deployments do."""
        self._written = text
        temporary = self.path.with_suffix(".new")
        temporary.write_text(text, "utf-8")
        os.replace(temporary, self.path)
