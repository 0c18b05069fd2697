"""Orders to the regions of an upstream: what the commands that give one share."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from reliakit.cli.failover.found import Found, controlled, defined, found
from reliakit.cli.failover.standing import report, summary
from reliakit.cli.options import as_json, place, signed
from reliakit.cli.people import myself
from reliakit.cli.printing import Failure, print_json, print_line, tell
from reliakit.cli.shared import Refusal, Shared, share
from reliakit.core.acting import Actor, Refused
from reliakit.failover.recovery.controller import Decided
from reliakit.failover.recovery.orders import Order, Orders, obey
from reliakit.stores.protocol import StoreError

__all__ = ["Asked", "takes_orders", "to_region"]

_TRIES = 20
"""A controller writes about once a second; who loses so often has something else to look at."""


@dataclass(frozen=True, slots=True)
class Asked:
    """An order as it was written, but for what to do."""

    name: str
    reason: str
    actor: Actor
    file: Path
    url: str | None
    as_json: bool

    def do(self, verb: Orders, region: str = "") -> None:
        """Has it carried out, and prints what has changed.

        Raises:
            Refusal: it makes no sense now.
            Failure: the definitions don't have the upstream, or others were faster time and again.
            StoreError: the store can't be used now.
        """
        order = Order(verb, region, self.reason)
        decided, before = share(self.file, self.url, lambda shared: self._obeyed(shared, order), writes=True)
        if self.as_json:
            events = [event.to_record() for event in decided.events]
            print_json(report(before, decided.state) | {"events": events})
        else:
            said = decided.events[-1].sentence if decided.events else decided.state.why
            print_line(f"{self.name}: {summary(decided.state)}: {said}", "green")

    async def _obeyed(self, shared: Shared, order: Order) -> tuple[Decided, Found]:
        definition = defined(shared.known, self.name)
        for attempt in range(_TRIES):
            before = await found(shared, definition)
            if not attempt:
                tell(before.reporting.line(), "bright_black")
            try:
                decided = obey(definition, before.state, order, before.observed, before.now, self.actor)
            except Refused as refused:
                raise Refusal(f"{self.name}: {refused}") from refused
            if await self._written(shared, before, decided):
                return decided, before
        raise Failure(f"others changed {self.name} {_TRIES} times meanwhile; nothing was done, try again")

    async def _written(self, shared: Shared, before: Found, decided: Decided) -> bool:
        record, events = decided.state.to_record(), [event.to_record() for event in decided.events]
        try:
            return await controlled(shared).commit(self.name, before.held.version, record, events)
        except StoreError as failed:
            look = f"look with `reliakit failover status {self.name}`"
            raise Failure(f"{failed}; it may or may not have been done: {look}") from failed


def takes_orders(command: Callable[..., None]) -> Callable[..., None]:
    """Adds the arguments of every order, and hands them over as one."""

    @functools.wraps(command)
    def given(
        name: str, reason: str, claimed: str | None, file: Path, url: str | None, as_json: bool, **others: Any
    ) -> None:
        command(Asked(name, reason, myself(claimed), file, url, as_json), **others)

    reason = click.option("--reason", default="", metavar="TEXT", help="Why, for the journal.")
    return click.argument("name", metavar="UPSTREAM")(reason(signed(place(as_json(given)))))


to_region = click.option(
    "--to",
    "region",
    default="",
    metavar="REGION",
    help="Which region stands in, by default the first that can; where all serve, the one to leave.",
)
"""Adds which region an order is about."""
