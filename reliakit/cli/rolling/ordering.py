"""Orders to a replacement: what the commands that give one share."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from reliakit.cli.options import as_json, place, signed
from reliakit.cli.people import myself
from reliakit.cli.printing import Failure, print_json, print_line, tell
from reliakit.cli.rolling.found import Standing, controlled, standing
from reliakit.cli.rolling.standing import colour_of, report, summary
from reliakit.cli.shared import Refusal, Shared, share
from reliakit.core.acting import Actor, Refused
from reliakit.failover.rolling.controller import Decided, Orders, obey, start
from reliakit.failover.rolling.phases import Phase
from reliakit.stores.protocol import StoreError

__all__ = ["Asked", "takes_orders"]

_TRIES = 20
"""A controller writes about once in two seconds; who loses so often has something else to look at."""


@dataclass(frozen=True, slots=True)
class Asked:
    """An order as it was written, but for what to do."""

    name: str
    reason: str
    actor: Actor
    file: Path
    url: str | None
    as_json: bool

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
        for attempt in range(_TRIES):
            found = await standing(shared, self.name)
            if not attempt:
                tell(found.workers.line(), "bright_black")
            try:
                decided = decide(found)
            except Refused as refused:
                raise Refusal(f"{self.name}: {refused}") from refused
            if await self._written(shared, found, decided):
                return decided
        raise Failure(f"others changed {self.name} {_TRIES} times meanwhile; nothing was done, try again")

    async def _written(self, shared: Shared, found: Standing, decided: Decided) -> bool:
        version = found.held.version if found.held else 0
        events = [event.to_record() for event in decided.events]
        try:
            return await controlled(shared.store).commit(
                self.name, version, decided.state.to_record(), events
            )
        except StoreError as failed:
            look = f"look with `reliakit rolling status {self.name}`"
            raise Failure(f"{failed}; it may or may not have been done: {look}") from failed

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


def takes_orders(command: Callable[..., None]) -> Callable[..., None]:
    """Adds the arguments of every order, and hands them over as one."""

    @functools.wraps(command)
    def given(
        name: str, reason: str, claimed: str | None, file: Path, url: str | None, as_json: bool, **others: Any
    ) -> None:
        command(Asked(name, reason, myself(claimed), file, url, as_json), **others)

    reason = click.option("--reason", default="", metavar="TEXT", help="Why, for the journal.")
    return click.argument("name", metavar="UPSTREAM")(reason(signed(place(as_json(given)))))
