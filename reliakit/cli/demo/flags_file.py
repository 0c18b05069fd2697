"""The demo's definitions: what they say, and the edit that the demo makes."""

import json
import os
from pathlib import Path

from reliakit.stores.opening import Address

__all__ = ["CHANGES", "FIRST", "FLAG", "ROLLOUT", "SECOND", "FlagsFile"]

FLAG, ROLLOUT = "new_checkout", "shop"
"""The flag that the edit gives to more users, and the rollout that releases are made by."""
FIRST, SECOND = "1", "2"
"""The revisions before and after the edit."""
CHANGES = f"{FLAG} 10 -> 50 %"
"""The edit in words."""

_TEXT = """\
# The demo's definitions. Edit and save this while it runs: every worker follows within half a second.
format: 1
revision: "1"
STORE
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
  shop-green: in_process

rollouts:
  shop:
    slots: {blue: {upstream: app}, green: {upstream: shop-green}}
    initial: blue
    steps: [20, 50]
    analysis:
      # A small shop that wants to know soon: what must be ruled out before a step ends is a canary that fails
      # three times as often as stable, and more often than in 2 % of its requests.
      error_rate: {margin: 3x, floor: 2%}

routes:
  - {path_prefix: /shop, rollout: shop}
"""
_EDITS = (('revision: "1"', 'revision: "2"'), ("percentage: 10\n", "percentage: 50\n"))


class FlagsFile:
    """Lives in a folder; notices when somebody else has edited it."""

    def __init__(self, folder: Path, store: Address) -> None:
        self.path = folder / "flags.yaml"
        self._text = _TEXT.replace("STORE\n", _store(store))
        self._write(self._text)

    def edit(self) -> None:
        """Gives the flag to half of all users."""
        text = self._text
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


def _store(address: Address) -> str:
    if address.url == Address().url:
        return "# store: redis://… or postgresql://…, where several hosts share it; by default a SQLite file beside this\n"
    return f"store: {{url: {json.dumps(address.url)}, namespace: {address.namespace}}}\n"
