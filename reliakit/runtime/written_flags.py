"""The flags in force as they are written, for those who go by what a flag says of itself."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from reliakit.definitions.models import Definitions

__all__ = ["WrittenFlags"]


class WrittenFlags(Mapping[str, Mapping[str, Any]]):
    """Flag key -> its definition as plain data, without what is the default. Each is written out when it is first
    asked for.

    Args:
        definitions: which ones.
    """

    def __init__(self, definitions: Definitions) -> None:
        self.definitions = definitions
        self._written: dict[str, Mapping[str, Any]] = {}

    def __getitem__(self, key: str) -> Mapping[str, Any]:
        found = self._written.get(key)
        if found is None:
            found = self._written[key] = msgspec.to_builtins(self.definitions.flags[key])
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self.definitions.flags)

    def __len__(self) -> int:
        return len(self.definitions.flags)
