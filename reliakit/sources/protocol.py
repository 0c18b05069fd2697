"""What a source of definitions has to do."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from reliakit.errors import ReliakitError

if TYPE_CHECKING:  # `import reliakit` names what is here, and should not pay for parsers
    from reliakit.definitions.documents import Format

__all__ = ["Content", "Source", "SourceError"]


class SourceError(ReliakitError):
    """A source can't be read now; the message says what to look at. It is tried again."""


@dataclass(frozen=True, slots=True)
class Content:
    """A document as a source holds it."""

    name: str
    """A path or a URL, for people."""
    text: bytes
    format: "Format"
    layers: "tuple[Content, ...]" = ()
    """Documents that this one lies over, the uppermost first; none of them has layers itself."""


class Source(Protocol):
    """A place that holds one document of definitions.

    Both methods run on the engine's event loop: they must not block it, and every call may be cancelled.
    """

    @property
    def name(self) -> str:
        """Names the source in messages and on disk; the same in every process that reads the same document."""

    @property
    def keep_copy(self) -> bool:
        """Whether the last good document is worth keeping on disk: not where the process itself holds it."""

    async def load(self) -> Content:
        """Returns the document as it is now.

        Raises:
            SourceError: it can't be read.
        """

    def changes(self) -> AsyncIterator[None]:
        """Yields whenever the document may have changed since `changes` was called; never ends by itself."""
