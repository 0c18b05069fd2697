"""Looks at every step, and stops the simulation at the first that breaks what has to be true."""

from collections.abc import Callable

import msgspec

from reliakit.errors import ReliakitError
from reliakit.rollouts.definition import RolloutDefinition
from reliakit.rollouts.events import Event, Happening
from reliakit.rollouts.phases import Phase
from reliakit.rollouts.records import Record
from reliakit.runtime.burying import WORKER_RETIRED
from reliakit.runtime.documents import EVIDENCE, ROLLOUT, Versioned, states_in
from reliakit.runtime.journal import read_entry
from reliakit.stores.protocol import Documents, Entry, Receipt, Report, Totals
from reliakit.testing.simulation import agreeing, counting, deciding
from reliakit.testing.simulation.agreeing import Decided
from reliakit.testing.simulation.deciding import Standing
from reliakit.testing.simulation.definitions import ROLLOUT as NAME
from reliakit.testing.simulation.grounds import Ground
from reliakit.testing.simulation.schedule import Schedule
from reliakit.testing.simulation.served import Ledger
from reliakit.testing.simulation.stints import Stints
from reliakit.testing.simulation.workers import Process, Watched

__all__ = ["Broken", "Watch"]


class Broken(ReliakitError):
    """Something is not true that always has to be. The message names it."""


class Watch(Watched):
    """Knows the truth, and what the store should hold.

    Args:
        schedule: tells the true time.
        clock: the store's.
        ground: where the state is.
        ledger: what was served.
        definitions: meaning -> definition, of all that workers may have read.
        trace: takes lines for people.
    """

    def __init__(
        self,
        schedule: Schedule,
        clock: Callable[[], float],
        ground: Ground,
        ledger: Ledger,
        definitions: dict[str, RolloutDefinition],
        trace: Callable[[str], None],
    ) -> None:
        self._schedule, self._ground, self._ledger = schedule, ground, ledger
        self._clock = clock
        self._definitions, self._trace = definitions, trace
        self.entries: list[Entry] = []
        """The journal, since the store was last empty."""
        self.texts: list[str] = []
        """All that was ever journalled."""
        self.events: list[Event] = []
        self.history = [Decided(0.0)]
        self.standing: Versioned | None = None
        self.jumps = 0
        self.interrupted = False
        """Whether anything that a worker does was cut short: by the store, or because it was killed."""
        self._retired: set[str] = set()
        self._given_up: set[str] = set()
        self._lost = False
        self._folded = 0.0
        self._phase: Phase | None = None
        self._reported: dict[str, float] = {}
        self._sent: dict[tuple[str, int], float] = {}
        self._begun: tuple[int, float, int] = (0, 0.0, 0)
        self._stints = Stints(0.0, 0)

    def check(self, wrong: str | None, name: Callable[..., object]) -> None:
        """Stops where something is wrong.

        Raises:
            Broken: it is.
        """
        if wrong is not None:
            raise Broken(f"{name.__name__} at {self._schedule.now:.3f} s: {wrong}")

    def say(self, line: str) -> None:
        """Writes a line for people."""
        self._trace(f"{self._schedule.now:9.3f}  {line}")

    def failed(self, process: Process, what: str, why: Exception) -> None:
        self.interrupted = True
        self.told(process, f"{what} failed: {why}")

    def told(self, process: Process, line: str) -> None:
        self.say(f"{process.name}: {line}")

    def sent(self, report: Report) -> None:
        self._sent.setdefault((report.worker, report.sequence), self._schedule.now)

    def published(self, report: Report, receipt: Receipt) -> None:
        if receipt.accepted and self._ledger.take(report):
            # One that is sent again says what was so when it was made: whoever sends it may have read another edition.
            made = self._sent[report.worker, report.sequence]
            for meaning in msgspec.json.decode(report.about).get("meanings", {}).values():
                self._reported[meaning] = max(made, self._reported.get(meaning, made))

    def absorbed(self, prefix: str, into: str) -> None:
        self._ledger.absorb(prefix, into)

    def retired(self, worker: str) -> None:
        self._retired.add(worker)

    def count(self) -> None:
        """Looks at all sums."""
        totals: Totals = self._ground.do(self._ground.store.totals(""))
        self.check(
            counting.sums_are_what_was_told(self._ledger, totals.sums), counting.sums_are_what_was_told
        )
        self.check(counting.counted_once(self._ledger, totals.sums), counting.counted_once)
        if not self._lost:  # what workers tell again after a loss comes by and by
            wrong = counting.one_bin_for_each_request(self._ledger, totals.sums)
            self.check(wrong, counting.one_bin_for_each_request)

    def lost(self) -> None:
        """The store has lost everything."""
        self._lost = True
        self._ledger.lose()
        self.entries, self._phase, self.standing = [], None, None
        self._given_up.clear()
        self.history.append(Decided(self._schedule.now))
        self.say("the store has lost everything")

    def committed(self) -> None:
        found: Documents = self._ground.do(self._ground.store.read((ROLLOUT, EVIDENCE)))
        states = states_in(found.found)
        before, now = self.standing, states.get(NAME)
        self._read(before, now, seeded=self.history[-1].state is None and now is not None)
        if now is None:
            return
        self.check(deciding.versions_rise(before, now), deciding.versions_rise)
        texts = [document.text for document in found.found.values()]
        self.check(deciding.state_is_small(texts), deciding.state_is_small)
        if before is None and self._phase is None and self.history[-1].at > 0:
            self._phase = now.state.phase  # told again by a worker, after the store had lost it
            self._stints = self._stints.again(self._schedule.now, now.state)
        self.check(
            deciding.state_is_what_was_journalled(now.state, self._phase),
            deciding.state_is_what_was_journalled,
        )
        self._compare(before, now)
        if before is None or before.evidence_version != now.evidence_version:
            self._folded = self._schedule.now
        self.standing = now
        if before is None or before.version != now.version:
            self.history.append(Decided(self._schedule.now, now.version, now.state))
        self.count()

    def _compare(self, before: Versioned | None, now: Versioned) -> None:
        state, moment = now.state, self._schedule.now
        if before is not None:
            silent = moment - self._reported.get(before.state.meaning, -1e9)
            self.check(
                agreeing.definitions_do_not_fight(before.state, state, silent),
                agreeing.definitions_do_not_fight,
            )
        if before is None or before.state.number != state.number:
            self._begun = state.number, moment, self.jumps
        if state.evidence is not None:
            wrong = counting.evidence_was_served(self._ledger, state, state.evidence)
            self.check(wrong, counting.evidence_was_served)
            _, since, jumps = self._begun
            wrong = deciding.time_is_not_invented(state.evidence, since, self.jumps - jumps, moment)
            self.check(wrong, deciding.time_is_not_invented)

    def _read(self, before: Versioned | None, now: Versioned | None, *, seeded: bool) -> None:
        after = self.entries[-1].number if self.entries else 0
        fresh = list(self._ground.do(self._ground.store.journal(after)))
        self.check(deciding.journal_is_whole([*self.entries[-1:], *fresh]), deciding.journal_is_whole)
        self.entries += fresh
        standing = self._standing(before)
        for entry in fresh:
            self.texts.append(entry.text)
            record = read_entry(entry.text).event
            if record["kind"] == WORKER_RETIRED:
                self._buried(record)
            elif record["kind"] == "event":
                event = Event.from_record(record)
                self._happened(standing, event, seeded=seeded)
                if standing and now and event.what is Happening.DEFINED:
                    standing = self._edited(standing, self._definitions[now.state.meaning])

    def _standing(self, before: Versioned | None) -> Standing | None:
        if before is None:
            return None
        return Standing(before.state, self._definitions[before.state.meaning])

    def _edited(self, standing: Standing, definition: RolloutDefinition) -> Standing:
        after = deciding.edited(standing, definition)
        if after.moved:
            self._stints = Stints(self._schedule.now, self.jumps, runs=self._phase is Phase.RUNNING)
        return after

    def _buried(self, record: Record) -> None:
        self.say(f"journal: {record['sentence']}")
        worker = record["worker"]
        self.check(deciding.retired_once(worker, self._retired, self._given_up), deciding.retired_once)
        self._given_up.add(worker)

    def _happened(self, standing: Standing | None, event: Event, *, seeded: bool) -> None:
        self.say(
            f"journal: {event.what} {event.before} -> {event.after} at {event.weight:g} %: {event.sentence}"
        )
        self.check(deciding.in_no_error(event), deciding.in_no_error)
        if not seeded or self._phase is not None:
            wrong = deciding.transitions_are_journalled_once(self._phase, event)
            self.check(wrong, deciding.transitions_are_journalled_once)
        self.check(deciding.phases_follow_the_table(self._phase, event), deciding.phases_follow_the_table)
        if standing is not None:
            wrong = deciding.promoted_by_evidence(standing, event, self._ledger)
            self.check(wrong, deciding.promoted_by_evidence)
            stints = self._stints.until(self._decided(event))
            wrong = deciding.promoted_in_time(standing, event, stints, self.jumps - stints.jumps)
            self.check(wrong, deciding.promoted_in_time)
        self._stints = self._stints.after(event, self._decided(event), self.jumps)
        self._phase = event.after
        self.events.append(event)

    def _decided(self, event: Event) -> float:
        """Returns when, in true seconds, the clock was read that the event tells."""
        return self._schedule.now - min(max(0.0, self._clock() - event.at), deciding.LATE)

    def flushed(self, process: Process, began: float) -> None:
        version = process.fleet.states[NAME].version if NAME in process.fleet.states else 0
        wrong = agreeing.what_was_read_is_new(self.history, version, began - process.staleness)
        self.check(wrong, agreeing.what_was_read_is_new)
        wrong = counting.nothing_is_lost(self._ledger, process.life)
        self.check(wrong, counting.nothing_is_lost)

    def serves(self, process: Process) -> None:
        """Looks at what is in force where requests are about to be served."""
        stopped = NAME in process.fleet.stopped
        rollout, initial = process.rollouts[NAME], process.edition.rollout.initial
        wrong = agreeing.weight_was_decided(self.history, process.split, rollout, initial, stopped=stopped)
        self.check(wrong, agreeing.weight_was_decided)
        wrong = agreeing.rollback_reaches_everybody(
            self.history, process.split, self._schedule.now, process.trouble
        )
        self.check(wrong, agreeing.rollback_reaches_everybody)

    def settled(self, processes: list[Process]) -> None:
        """Looks at the end, when everything has worked for a while."""
        for stopped in (False, True):
            splits = [each.split for each in processes if (NAME in each.fleet.stopped) is stopped]
            wrong = agreeing.everybody_agrees(self.history, splits, self._schedule.now, stopped=stopped)
            self.check(wrong, agreeing.everybody_agrees)
        meanings = {each.edition.rollout.meaning for each in processes}
        # Who has an older definition waits until nobody has reported the present one for a while.
        if self.standing and self.standing.judged and self.standing.state.meaning in meanings:
            wrong = agreeing.somebody_decides(self._schedule.now, self._folded)
            self.check(wrong, agreeing.somebody_decides)
        self.check(deciding.journal_is_whole(self.entries), deciding.journal_is_whole)
        if not self.interrupted and not self._lost:
            wrong = deciding.retired_aloud(self._retired, self._given_up)
            self.check(wrong, deciding.retired_aloud)
        self.count()
