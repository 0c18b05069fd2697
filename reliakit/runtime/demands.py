"""What a process asks of definitions beside that they are sound, since it can't do everything that they may say."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from reliakit.definitions.documents import Document
from reliakit.definitions.loading import Loaded
from reliakit.definitions.models import Definitions
from reliakit.definitions.problems import Problem

__all__ = ["Demand", "demanded"]

Demand = Callable[[Definitions], Iterable[Problem]]


def demanded(demands: Sequence[Demand], document: Document, loaded: Loaded) -> Loaded:
    """Returns what was loaded, without the definitions where a demand has problems with them."""
    if loaded.definitions is None:
        return loaded
    found = [problem for demand in demands for problem in demand(loaded.definitions)]
    if not found:
        return loaded
    located = [
        replace(each, source=document.origin(each.path), line=document.line(each.path)) for each in found
    ]
    return replace(loaded, definitions=None, problems=(*loaded.problems, *located))
