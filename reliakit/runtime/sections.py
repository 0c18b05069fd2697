"""What upstreams say of one thing, read anew when other definitions come into force and at no other time."""

from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

from reliakit.definitions.models import Definitions
from reliakit.definitions.upstream_models import UpstreamSection
from reliakit.runtime.keeper import Keeper

__all__ = ["Sections"]

T = TypeVar("T")


class Sections(Generic[T]):
    """Is called, and returns what is said, by upstream.

    Args:
        keeper: of the definitions in force.
        said: returns what an upstream says of it; None for nothing.
    """

    def __init__(self, keeper: Keeper, said: Callable[[UpstreamSection], T | None]) -> None:
        self._keeper, self._said = keeper, said
        self._read: tuple[Definitions | None, Mapping[str, T]] = None, {}

    def __call__(self) -> Mapping[str, T]:
        definitions = self._keeper.state.definitions
        if self._read[0] is not definitions:
            self._read = definitions, self._of(definitions)
        return self._read[1]

    def _of(self, definitions: Definitions) -> dict[str, T]:
        sections = definitions.upstreams.items()
        found = {name: self._said(each) for name, each in sections if isinstance(each, UpstreamSection)}
        return {name: each for name, each in found.items() if each is not None}
