"""Whoever has the lease decides about replacements, once a second, and has their hooks run."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from reliakit.clock import Clock
from reliakit.core.counters import Counters
from reliakit.definitions.quantities import ratio, share
from reliakit.definitions.rolling import rolling_definition
from reliakit.definitions.rolling_models import RollingErrorSection
from reliakit.definitions.upstream_models import UpstreamSection
from reliakit.failover.health import Result
from reliakit.failover.hooks import Command
from reliakit.failover.rolling.controller import Decided, decide
from reliakit.failover.rolling.observed import Observed
from reliakit.failover.rolling.state import RollingState, Unit
from reliakit.rollouts.errors import RollbackRule
from reliakit.runtime.controlled import Controlled, Held
from reliakit.runtime.errands import Errands, Pace
from reliakit.runtime.hooks.asking import Asked
from reliakit.runtime.hooks.runner import Hooks
from reliakit.runtime.rolling.comparing import Comparison, enough
from reliakit.runtime.rolling.counting import Counts, counts_in, prefix_of
from reliakit.runtime.rolling.gathering import FRESH, gathered, mark_of, tellers
from reliakit.runtime.rolling.member import Member
from reliakit.runtime.rolling.telling import happened
from reliakit.stores.protocol import Store

__all__ = ["Probe", "Rolling"]

Probe = Callable[[str, str], Awaitable[Result]]
"""Checks an endpoint now: the name of its upstream, and its address."""
_ALPHA = 0.01


class Rolling:
    """What one worker decides about the replacements of all.

    Args:
        store: what the workers share.
        controlled: the states in it.
        member: this worker's part in them.
        hooks: carries out what is decided.
        sections: the upstreams whose endpoints can be replaced, asked anew each time.
        probe: checks an endpoint.
        worker: names this incarnation.
        counters: of the process.
        clock: of the process.
    """

    def __init__(
        self,
        store: Store,
        controlled: Controlled[RollingState],
        member: Member,
        hooks: Hooks,
        sections: Callable[[], Mapping[str, UpstreamSection]],
        probe: Probe,
        worker: Callable[[], str],
        counters: Counters,
        clock: Clock,
    ) -> None:
        self._counters = counters
        self._store, self._controlled, self._member, self._hooks = store, controlled, member, hooks
        self._sections, self._probe, self._worker = sections, probe, worker
        self.errands = Errands(clock, Pace(0.0, 0.0, 0.0))
        self._passed: dict[str, int] = {}
        self._comparisons: dict[str, Comparison] = {}

    async def turn(self) -> None:
        """Takes this worker's turn.

        Raises:
            StoreError: the store can't be used now.
            ValueError: a state was written by a version that this one can't read.
        """
        sections, mine = self._sections(), self._member.states
        wanted = [name for name, held in mine.items() if held.state.active and self._sees(name, sections)]
        if not await self._controlled.lead(self._worker(), bool(wanted)):
            self.leave()
            return
        await self._hooks.learn()
        present, checks = await self._controlled.load(), set[str]()
        for name in wanted:
            # Where the store has lost it, it is told again.
            held = present.get(name) or Held(mine[name].state)
            if held.state.active:
                checks |= self._check(held.state)
                await self._decide(sections[name], held)
        self.errands.keep(checks)
        self._passed = {key: passed for key, passed in self._passed.items() if key in checks}

    def leave(self) -> None:
        """Decides no more: somebody else does."""
        self.errands.keep(())
        self._passed.clear()
        self._comparisons.clear()

    def _sees(self, name: str, sections: Mapping[str, UpstreamSection]) -> bool:
        """Whether this worker has the upstream, and uses it: what it knows of endpoints would else be nothing."""
        return name in sections and bool(self._member.known(name))

    def _check(self, state: RollingState) -> set[str]:
        """Begins the checks of endpoints where another process has just begun to run; returns their names."""
        names = set()
        for unit in state.units:
            if unit.step in FRESH:
                name = _name(state, unit)
                names.add(name)
                self.errands.begin(name, partial(self._checked, name, state.upstream, unit.address))
        return names

    async def _checked(self, name: str, upstream: str, address: str) -> bool:
        passed = await self._probe(upstream, address) is Result.PASSED
        self._passed[name] = self._passed.get(name, 0) + 1 if passed else 0
        return passed

    async def _decide(self, section: UpstreamSection, held: Held[RollingState]) -> None:
        state = held.state
        totals = await self._store.totals(prefix_of(state.upstream, state.number))
        counts = counts_in(totals.sums, state)
        observed = Observed(
            gathered(
                state,
                tellers(totals, state.upstream),
                self._member.known(state.upstream),
                lambda unit: self._passed.get(_name(state, unit), 0) >= _needed(section),
            ),
            self._hooks.results,
            await self._against(section, state, counts),
            section.rolling is None or enough(state, counts, section.rolling.requests),
        )
        decided = decide(rolling_definition(state.upstream, section), state, observed, totals.time)
        if await self._written(held, decided):
            self._hooks.begin(_asked(decided.state, command) for command in decided.commands)

    async def _written(self, held: Held[RollingState], decided: Decided) -> bool:
        """Tells whether what was decided is what everybody will read."""
        before, after = held.state, decided.state
        if after is before and held.version:
            return True
        records = [event.to_record() for event in decided.events]
        news = not held.version or _steps(before) != _steps(after)
        written = await self._controlled.commit(
            after.upstream, held.version, after.to_record(), records, news=news
        )
        if written:
            self._member.took(after)
            for event in decided.events:
                happened(event, self._counters)
        return written

    async def _against(self, section: UpstreamSection, state: RollingState, counts: Counts) -> str:
        found, rule = self._comparisons.get(state.upstream), _rule(section)
        if found is None or (found.number, found.rule) != (state.number, rule):
            found = self._comparisons[state.upstream] = Comparison(state.number, rule)
            if state.number > 1:  # what earlier ones have counted nobody asks for any more
                last = prefix_of(state.upstream, state.number - 1)
                await self._store.absorb(last, prefix_of(state.upstream, 0))
        found.look(counts)
        return found.against(counts)


def _rule(section: UpstreamSection) -> RollbackRule | None:
    written = section.rolling.error_rate if section.rolling else "off"
    if not isinstance(written, RollingErrorSection):
        return None
    return RollbackRule(ratio(written.tolerate), share(written.floor), _ALPHA)


def _needed(section: UpstreamSection) -> int:
    """Checks in a row that have to pass; a connection is enough where nothing else is checked."""
    return section.health_check.healthy_threshold if section.health_check else 1


def _asked(state: RollingState, command: Command) -> Asked:
    version = state.version if command.verb == "replace" else state.former
    return Asked(command, state.upstream, version)


def _name(state: RollingState, unit: Unit) -> str:
    return f"{state.upstream} {unit.address} {mark_of(state, unit)}"


def _steps(state: RollingState) -> list[object]:
    return [state.phase, *(unit.step for unit in state.units)]
