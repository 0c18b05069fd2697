"""All that a store and a file say, and what of it somebody should look into."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from reliakit.cli.endpoints import Upstream, upstreams
from reliakit.cli.failover import found
from reliakit.cli.printing import plural
from reliakit.cli.reports import Reporting, Seen, reporting
from reliakit.cli.rolling.found import controlled
from reliakit.cli.shared import Shared
from reliakit.definitions.problems import enumerate_words
from reliakit.failover.recovery.phases import Phase as Recovery
from reliakit.failover.recovery.state import RecoveryState
from reliakit.failover.rolling.phases import Phase as Rolling
from reliakit.failover.rolling.state import RollingState
from reliakit.rollouts.phases import Phase
from reliakit.runtime.documents import EVIDENCE, OVERRIDE, ROLLOUT, Pin, Versioned, pins_in, states_in

__all__ = ["Overview", "overview"]

_WAIT_FOR_PEOPLE = (Phase.ERROR, Phase.INCONCLUSIVE)


@dataclass(frozen=True, slots=True)
class Overview:
    """What there is.

    Attributes:
        shared: file and store.
        reporting: the workers; None where the store does not answer.
        states: where the rollouts stand.
        pins: that hold now.
        replacements: where those of endpoints stand, by upstream.
        regions: where those of upstreams stand that stand in for each other.
        trouble: what is wrong with the store; empty where it answers.
    """

    shared: Shared
    reporting: Reporting | None
    states: Mapping[str, Versioned]
    pins: Mapping[str, Pin]
    trouble: str = ""
    replacements: Mapping[str, RollingState] = field(default_factory=dict)
    regions: Mapping[str, RecoveryState] = field(default_factory=dict)

    @property
    def seen(self) -> tuple[Seen, ...]:
        """The workers that are not retired."""
        return self.reporting.seen if self.reporting else ()

    @property
    def upstreams(self) -> tuple[Upstream, ...]:
        """The upstreams that are elsewhere, as live workers see them."""
        return upstreams(self.seen)

    @property
    def now(self) -> float:
        """The store's clock."""
        return self.reporting.now if self.reporting else 0.0

    @property
    def file(self) -> str:
        """Returns what the file holds."""
        definitions = self.shared.definitions
        if definitions is None:
            return f"{self.shared.file} is not there"
        held = f"{plural(len(definitions.flags), 'flag')}, {plural(len(definitions.rollouts), 'rollout')}"
        wrong = len(self.shared.problems)
        kept = f"{plural(wrong, 'problem')}, last good form: " if wrong else ""
        return f"{self.shared.file}: {kept}{held}"

    def behind(self, rollout: str) -> list[str]:
        """Returns the live workers that have an older state in force."""
        return self.reporting.behind(rollout, self.states[rollout].version) if self.reporting else []

    @property
    def problems(self) -> tuple[str, ...]:
        """What somebody should look into."""
        of_upstreams = (problem for each in self.upstreams for problem in each.problems())
        return (
            *self._of_file(),
            *self._of_workers(),
            *of_upstreams,
            *self._of_rollouts(),
            *self._of_replacements(),
            *self._of_regions(),
            *self._of_pins(),
        )

    def _of_file(self) -> Iterator[str]:
        for each in self.shared.problems:
            yield str(each)

    def _of_workers(self) -> Iterator[str]:
        live = self.reporting.live if self.reporting else ()
        for word, values in (
            ("versions of reliakit", {each.about.version for each in live}),
            ("revisions of the definitions", {each.about.revision for each in live}),
        ):
            if len(values) > 1:
                yield f"live workers run {len(values)} {word}: {enumerate_words(sorted(values)).replace(' or ', ' and ')}"

    def _of_rollouts(self) -> Iterator[str]:
        for name, each in self.states.items():
            if each.state.phase in _WAIT_FOR_PEOPLE:
                yield f"{name}: {each.state.phase}, and waits for somebody: {each.state.why}"
            stopped = [seen.named for seen in self.seen if seen.live and name in seen.about.stopped]
            if stopped:
                yield f"{name}: {', '.join(stopped)} sends nothing to the canary, by its own evidence"

    def _of_replacements(self) -> Iterator[str]:
        for name, state in self.replacements.items():
            if state.phase is Rolling.ERROR:
                yield f"{name}: a replacement waits for somebody: {state.why}"

    def _of_regions(self) -> Iterator[str]:
        for name, state in self.regions.items():
            if state.phase is Recovery.ERROR:
                yield f"{name}: a failover waits for somebody: {state.why}"

    def _of_pins(self) -> Iterator[str]:
        definitions = self.shared.definitions
        for flag in self.pins:
            if definitions is not None and flag not in definitions.flags:
                yield f"{flag} is pinned, and the file has no such flag"


async def overview(shared: Shared) -> Overview:
    """Looks at all of it; raises StoreError."""
    workers = await reporting(shared)
    replacements = controlled(shared.store)
    regions = found.controlled(shared)
    prefixes = (ROLLOUT, EVIDENCE, OVERRIDE, replacements.prefix, regions.prefix)
    documents = await shared.store.read(prefixes)
    pins = {flag: pin for flag, pin in pins_in(documents.found).items() if pin.holds(documents.time)}
    under_way = {name: held.state for name, held in replacements.among(documents.found).items()}
    away = {name: held.state for name, held in regions.among(documents.found).items()}
    states = states_in(documents.found)
    return Overview(shared, workers, states, pins, replacements=under_way, regions=away)
