"""One consistent set of compiled definitions. A request pins one and keeps it to its end."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from reliakit.core.evaluation import Reason
from reliakit.core.flags import Evaluator, Plan, compile_flag, constant
from reliakit.core.identity import Identity
from reliakit.core.outcome import Classifier, classify
from reliakit.core.rollouts import Rollout
from reliakit.core.routes import Route
from reliakit.core.tally import Cells

__all__ = ["Flags", "Snapshot"]


class Flags(dict[str, Evaluator]):
    """The evaluators of a snapshot, each compiled when it is first asked for.

    Filling itself in is invisible: the same key always gives an equivalent evaluator, and `dict` makes storing
    one atomic. A key that no definition has raises KeyError.
    """

    __slots__ = ("_cells", "_keys", "_plan", "pinned")

    def __init__(self, keys: frozenset[str], plan: Callable[[str], Plan], cells: Cells) -> None:
        super().__init__()
        self._keys, self._plan, self._cells = keys, plan, cells
        self.pinned: Mapping[str, tuple[str | None, Any]] = {}
        """Overrides that are in force here: flag key -> (variant, value)."""

    def __missing__(self, key: str) -> Evaluator:
        if key not in self._keys:
            raise KeyError(key)
        evaluator = self[key] = compile_flag(self._plan(key), self.find, self._cells)
        return evaluator

    def find(self, key: str) -> Evaluator | None:
        """Returns the evaluator of a flag, or None where there is no such flag."""
        try:
            return self[key]
        except KeyError:
            return None

    def variants(self, key: str) -> Mapping[str, Any]:
        """Returns the values of a flag's variants by their names; none where there is no such flag."""
        try:
            return self._plan(key).variants
        except KeyError:  # a flag that only an override knows
            return {}

    def defined(self) -> frozenset[str]:
        """Returns the keys of all flags, compiled or not."""
        return self._keys | self.pinned.keys()

    def overridden(self, answers: Mapping[str, tuple[str | None, Any]]) -> "Flags":
        """Returns a copy in which some flags give one answer.

        Args:
            answers: flag key -> (variant, value). Keys without a definition become flags of the copy.
        """
        copy = Flags(self._keys, self._plan, self._cells)
        copy.pinned = {**self.pinned, **answers}
        for key, (variant, value) in copy.pinned.items():
            copy[key] = constant(key, value, variant, Reason.STATIC, self._cells)
        return copy


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that a request may ask, immutable but for the lazy compilation of its flags."""

    flags: Flags
    rollouts: Mapping[str, Rollout] = field(default_factory=dict)
    routes: tuple[Route, ...] = ()
    identity: Identity = field(default_factory=Identity)
    classify: Classifier = field(default_factory=classify)
    revision: str = ""
    environment: str | None = None
