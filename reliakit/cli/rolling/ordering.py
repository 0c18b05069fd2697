"""Orders to a replacement: what the commands that give one share."""

from collections.abc import Callable

from reliakit.cli.orders import Given, taking
from reliakit.cli.printing import print_json, print_line, tell
from reliakit.cli.rolling.found import Standing, controlled, standing
from reliakit.cli.rolling.standing import colour_of, report, summary
from reliakit.cli.shared import Shared, share
from reliakit.core.acting import Refused
from reliakit.failover.rolling.controller import Decided, Orders, obey, start
from reliakit.failover.rolling.phases import Phase

__all__ = ["Asked", "takes_orders"]


class Asked(Given):
    """An order as it was written, but for what to do."""

    __slots__ = ()

    def start(self, version: str) -> None:
        """Begins a replacement, and prints what has changed; raises as `order` does."""
        self._do(lambda found: self._started(found, version))

    def order(self, order: Orders) -> None:
        """Has an order carried out, and prints what has changed.

        Raises:
            Refusal: it makes no sense now.
            Failure: the definitions don't say how, or others were faster time and again.
            StoreError: the store can't be used now.
        """
        self._do(lambda found: self._obeyed(found, order))

    def _do(self, decide: Callable[[Standing], Decided]) -> None:
        decided = share(self.file, self.url, lambda shared: self._done(shared, decide), writes=True)
        if self.as_json:
            events = [event.to_record() for event in decided.events]
            print_json({**report(self.name, decided.state), "events": events})
        else:
            print_line(f"{self.name}: {summary(decided.state)}", colour_of(decided.state) or "green")

    async def _done(self, shared: Shared, decide: Callable[[Standing], Decided]) -> Decided:
        async def attempt(number: int) -> Decided | None:
            found = await standing(shared, self.name)
            if not number:
                tell(found.workers.line(), "bright_black")
            decided = decide(found)
            return decided if await self._written(shared, found, decided) else None

        return await self.until_written(attempt)

    async def _written(self, shared: Shared, found: Standing, decided: Decided) -> bool:
        version = found.held.version if found.held else 0
        record, events = decided.state.to_record(), [event.to_record() for event in decided.events]
        with self.writing("rolling status"):
            return await controlled(shared.store).commit(self.name, version, record, events)

    def _started(self, found: Standing, version: str) -> Decided:
        before = found.held.state if found.held else None
        if before is not None and (before.active or before.phase in _STUCK):
            raise Refused(f"replacement {before.number} is {before.phase}: {_INSTEAD[before.phase]}")
        old = [seen.named for seen in found.workers.live if seen.about.emptying is None]
        if old:
            raise Refused(
                f"{', '.join(old)}: these workers know nothing of replacements, and would go on sending requests"
            )
        number, former = (before.number + 1, before.present_version) if before else (1, "")
        return start(found.definition, number, found.now, self.actor, self.reason, version, former)

    def _obeyed(self, found: Standing, order: Orders) -> Decided:
        if found.held is None:
            raise Refused("no replacement was ever started")
        return obey(found.definition, found.held.state, order, self.reason, found.now, self.actor)


_STUCK = (Phase.ERROR,)
_INSTEAD = {
    Phase.RUNNING: "wait for it, or abort it",
    Phase.PAUSED: "resume it, or abort it",
    Phase.UNDOING: "wait until everything is put back",
    Phase.ERROR: "look at what was not put back, and retry it",
}


takes_orders = taking(Asked, "UPSTREAM")
"""Adds the arguments of every order, and hands them over as one."""
