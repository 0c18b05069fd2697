"""What the demo sees of the state that the workers share: it looks into the store from outside, as any command does."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

from reliakit.cli.demo.flags_file import ROLLOUT
from reliakit.cli.rollout.found import defined, evidence_of, state_of
from reliakit.cli.shared import Shared
from reliakit.cli.telling import looked, sentence
from reliakit.rollouts.events import Event, Happening
from reliakit.rollouts.served import gather
from reliakit.rollouts.state import RolloutState
from reliakit.rollouts.verdict import Verdict
from reliakit.runtime.journal import read_entry, verify
from reliakit.stores.protocol import Entry

__all__ = ["Watch"]


@dataclass(slots=True)
class Watch:
    """Reads the store.

    Attributes:
        shared: the store and the definitions.
        say: told of each new entry of the journal, in a sentence.
        state: where the rollout stands.
        evidence: what each test says about the release.
        entries: the journal so far.
        events: what happened to the rollout, and when that was by the clock of this process (monotonic).
    """

    shared: Shared
    say: Callable[[str], None]
    state: RolloutState | None = None
    evidence: tuple[Verdict, ...] = ()
    entries: list[Entry] = field(default_factory=list)
    events: list[tuple[Event, float]] = field(default_factory=list)

    async def look(self) -> None:
        """Reads what is new; raises StoreError."""
        definition = defined(self.shared.known, ROLLOUT)
        found, now = await state_of(self.shared, definition)
        self.state, offset = found.state, monotonic() - now
        self.evidence = tuple(looked(evidence_of(definition, self.state)))
        for entry in await self.shared.store.journal(self.entries[-1].number if self.entries else 0):
            self.entries.append(entry)
            self._read(entry, offset)

    def event(self, version: str, *kinds: Happening) -> tuple[Event, float] | None:
        """Returns the last event of one of these kinds about a version, and when that was; None before it."""
        found = (each for each in reversed(self.events) if each[0].version == version)
        return next((each for each in found if each[0].what in kinds), None)

    def verdict(self, test: str) -> Verdict | None:
        """Returns what a test of the errors says; None before it has seen anything."""
        return next((each for each in self.evidence if (each.test, each.metric) == (test, "errors")), None)

    def broken(self) -> list[str]:
        """Returns what is wrong with the journal."""
        first = self.entries[0].number if self.entries else 1
        gap = [] if first == 1 else [f"it begins with entry {first}"]
        return gap + [f"entry {each.number}: {each.why}" for each in verify(self.entries)]

    async def served(self) -> Counter[str]:
        """Returns how many requests all workers have counted for each slot, over all releases; raises StoreError."""
        sums = (await self.shared.store.totals(f"r|{ROLLOUT}|")).sums
        found: Counter[str] = Counter()
        for number in {int(name.split("|")[2]) for name in sums}:
            for (slot, _, _), served in gather(sums, ROLLOUT, number).items():
                found[slot] += sum(served.outcomes)
        return found

    def _read(self, entry: Entry, offset: float) -> None:
        record = read_entry(entry.text).event
        self.say(sentence(record))
        if record.get("kind") == "event":
            event = Event.from_record(record)
            self.events.append((event, event.at + offset))
