"""Where rollouts stand, for those who draw it, and what this process has brought about."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from reliakit.core.counters import Counters, Happened
from reliakit.rollouts.definition import RolloutDefinition
from reliakit.rollouts.events import Event
from reliakit.rollouts.state import RolloutState
from reliakit.runtime.documents import Versioned
from reliakit.runtime.shown_evidence import shares, shown_evidence
from reliakit.telemetry.events import Told, emit
from reliakit.telemetry.reading import Standing, Weighed

__all__ = ["Standings"]


class Standings:
    """What one worker can tell of the rollouts.

    Every worker knows weights and phases. Evidence is shown by whoever decides, who alone has read it: the others
    would have to read it for nothing else, once a second.

    Args:
        states: where the rollouts stand, as this worker knows.
        definitions: the rollouts that are judged.
        leads: whether this worker is the one who decides.
        counters: of the process.
    """

    def __init__(
        self,
        states: Callable[[], Mapping[str, Versioned]],
        definitions: Callable[[], Mapping[str, RolloutDefinition]],
        leads: Callable[[], bool],
        counters: Counters,
    ) -> None:
        self._states, self._definitions, self._leads, self._counters = states, definitions, leads, counters
        self._judged: dict[str, RolloutState] = {}

    def committed(self, state: RolloutState, events: Sequence[Event]) -> None:
        """Takes note of a state with its evidence, and of the events, that this process has written."""
        self._judged[state.rollout] = state
        for event in events:
            self.happened(event)

    def happened(self, event: Event) -> None:
        """Counts an event, and has OpenTelemetry log it: once, by the process that brought it about."""
        self._counters.add(Happened(event.rollout, event.what.value))
        # In a thread: what an application has hung behind its logger may take as long as it likes.
        asyncio.get_running_loop().run_in_executor(None, partial(emit, _told(event)))

    def now(self) -> Iterator[Standing]:
        """Yields where each rollout stands; called from any thread."""
        definitions, leads = self._definitions(), self._leads()
        for name, found in self._states().items():
            definition, state = definitions.get(name), found.state
            phase = state.phase.lower() if state.phase else None
            evidence = tuple(self._weighed(state, definition)) if leads and definition else ()
            yield Standing(name, phase, shares(state, definition), evidence)

    def _weighed(self, state: RolloutState, definition: RolloutDefinition) -> Iterator[Weighed]:
        judged = self._judged.get(state.rollout)
        if judged is not None and judged.number == state.number:
            for each in shown_evidence(judged, definition):
                yield each.metric, each.test, each.evidence, each.threshold


def _told(event: Event) -> Told:
    attributes = {
        "reliakit.rollout.name": event.rollout,
        "reliakit.rollout.event": event.what.value,
        "reliakit.rollout.release": event.number,
        "reliakit.rollout.weight": event.weight,
        "reliakit.slot": event.slot,
        "reliakit.actor.kind": event.actor.kind,
        "service.version": event.version,
    }
    if event.after is not None:
        attributes["reliakit.rollout.phase"] = event.after.lower()
    return Told(f"reliakit.rollout.{event.what.value}", event.at, event.sentence, attributes)
