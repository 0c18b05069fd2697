"""One consistent set of compiled definitions. A request pins one and keeps it to its end."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from reliakit.core.counters import Counters
from reliakit.core.flags import Evaluator, Resolve, constant
from reliakit.core.identity import Identity
from reliakit.core.outcome import Classifier, classify
from reliakit.core.rollouts import Rollout
from reliakit.core.routes import Route

__all__ = ["Flags", "Planned", "Snapshot"]


class Planned(Protocol):
    """A flag of whichever format, ready to be compiled."""

    @property
    def variants(self) -> Mapping[str, Any]:
        """The values by the names of the variants."""

    @property
    def metadata(self) -> Mapping[str, Any]:
        """What the definition says beside, for whoever evaluates the flag."""

    def compiled(self, resolve: Resolve, counters: Counters) -> Evaluator:
        """Returns the evaluator."""


class Flags:
    """The flags of a snapshot, each compiled when it is first asked for.

    Filling itself in is invisible: the same key always gives an equivalent evaluator, and storing one in a `dict`
    is atomic.

    Attributes:
        compiled: the evaluators so far. A plain `dict`, which a flag check reads at twice the speed of a subclass
            with `__missing__`; what it lacks, `find` may still have.
        pinned: overrides that are in force here: flag key -> (variant, value).
    """

    __slots__ = ("_counters", "_described", "_keys", "_plan", "compiled", "pinned")

    def __init__(self, keys: frozenset[str], plan: Callable[[str], Planned], counters: Counters) -> None:
        self._keys, self._plan, self._counters = keys, plan, counters
        self._described: dict[str, Mapping[str, Any]] = {}
        self.compiled: dict[str, Evaluator] = {}
        self.pinned: Mapping[str, tuple[str | None, Any]] = {}

    def find(self, key: str) -> Evaluator | None:
        """Returns the evaluator of a flag, or None where there is no such flag."""
        found = self.compiled.get(key)
        if found is None and key in self._keys:
            plan = self._plan(key)
            self._described[key] = plan.metadata
            found = self.compiled[key] = plan.compiled(self.find, self._counters)
        return found

    def variants(self, key: str) -> Mapping[str, Any]:
        """Returns the values of a flag's variants by their names; none where there is no such flag."""
        try:
            return self._plan(key).variants
        except KeyError:  # a flag that only an override knows
            return {}

    def metadata(self, key: str) -> Mapping[str, Any]:
        """Returns what a flag's definition says beside, as OpenFeature's flag metadata; none where there is no flag."""
        found = self._described.get(key)
        if found is None and key in self._keys:
            found = self._described[key] = self._plan(key).metadata
        return found or {}

    def overridden(self, answers: Mapping[str, tuple[str | None, Any]]) -> "Flags":
        """Returns a copy in which some flags give one answer.

        Args:
            answers: flag key -> (variant, value). Keys without a definition become flags of the copy.
        """
        copy = Flags(self._keys, self._plan, self._counters)
        copy.pinned = {**self.pinned, **answers}
        copy.compiled = {key: constant(value, variant) for key, (variant, value) in copy.pinned.items()}
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
    timeout: float = 60.0
    """Seconds after which a request that nobody has answered is an error."""
    upstreams: Mapping[str, Any] = field(default_factory=dict)
    """Those that are elsewhere, and what reaches them."""
