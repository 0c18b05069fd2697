"""Orders to the regions of an upstream: what the commands that give one share."""

import click

from reliakit.cli.failover.found import Found, controlled, defined, found
from reliakit.cli.failover.standing import report, summary
from reliakit.cli.orders import Given, taking
from reliakit.cli.printing import print_json, print_line, tell
from reliakit.cli.shared import Shared, share
from reliakit.failover.recovery.controller import Decided
from reliakit.failover.recovery.orders import Order, Orders, obey

__all__ = ["Asked", "takes_orders", "to_region"]


class Asked(Given):
    """An order as it was written, but for what to do."""

    __slots__ = ()

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

        async def attempt(number: int) -> tuple[Decided, Found] | None:
            before = await found(shared, definition)
            if not number:
                tell(before.reporting.line(), "bright_black")
            decided = obey(definition, before.state, order, before.observed, before.now, self.actor)
            return (decided, before) if await self._written(shared, before, decided) else None

        return await self.until_written(attempt)

    async def _written(self, shared: Shared, before: Found, decided: Decided) -> bool:
        record, events = decided.state.to_record(), [event.to_record() for event in decided.events]
        with self.writing("failover status"):
            return await controlled(shared).commit(self.name, before.held.version, record, events)


takes_orders = taking(Asked, "UPSTREAM")
"""Adds the arguments of every order, and hands them over as one."""

to_region = click.option(
    "--to",
    "region",
    default="",
    metavar="REGION",
    help="Which region stands in, by default the first that can; where all serve, the one to leave.",
)
"""Adds which region an order is about."""
