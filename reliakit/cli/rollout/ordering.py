"""Orders to a rollout: what the commands that give one share."""

from dataclasses import replace
from typing import Any

from reliakit.cli.orders import Given, taking
from reliakit.cli.printing import print_json, print_line, tell
from reliakit.cli.reports import reporting
from reliakit.cli.rollout.found import defined, state_of, warn
from reliakit.cli.shared import Shared, share
from reliakit.rollouts.controller import Decided
from reliakit.rollouts.definition import RolloutDefinition
from reliakit.rollouts.orders import Order, obey
from reliakit.rollouts.state import RolloutState
from reliakit.runtime.documents import Versioned
from reliakit.runtime.reconciler import Known, Reconciler

__all__ = ["Asked", "place_of", "takes_orders"]


class Asked(Given):
    """An order as it was written, but for what to do."""

    __slots__ = ()

    def do(self, order: Order) -> None:
        """Has it carried out, and prints what has changed.

        Raises:
            Refusal: it makes no sense now.
            Failure: the definitions don't have the rollout, or others were faster time and again.
            StoreError: the store can't be used now.
        """
        order = replace(order, reason=self.reason)
        decided = share(self.file, self.url, lambda shared: self._obeyed(shared, order), writes=True)
        if self.as_json:
            print_json(_report(decided))
        else:
            said = decided.events[-1].sentence if decided.events else decided.state.why
            print_line(f"{self.name}: {place_of(decided.state)}: {said}", "green")

    async def _obeyed(self, shared: Shared, order: Order) -> Decided:
        definition = defined(shared.known, self.name)
        tell((await reporting(shared)).line(), "bright_black")

        async def attempt(number: int) -> Decided | None:
            before, now = await state_of(shared, definition)
            if not number:
                warn(definition, before.state)
            asked = _complete(definition, before.state, order)
            decided = obey(definition, before.state, asked, now, self.actor)
            return decided if await self._written(shared, before, decided) else None

        return await self.until_written(attempt)

    async def _written(self, shared: Shared, before: Versioned, decided: Decided) -> bool:
        commit = Reconciler(shared.store, dict, Known()).commit
        with self.writing("rollout status"):
            return await commit(before, decided.state, decided.events)


def _complete(definition: RolloutDefinition, state: RolloutState, order: Order) -> Order:
    """Fills in the slot of a release that only one can take."""
    return order if order.slot else replace(order, slot=definition.other(state.stable))


def place_of(state: RolloutState) -> str:
    """Returns "release 3 (2.4.1 in green) Running at 10 %"."""
    release = state.release
    if release is None:
        return f"no release yet, all in {state.stable}"
    return (
        f"release {release.number} ({release.version} in {release.slot}) {state.phase} at {state.share:g} %"
    )


def _report(decided: Decided) -> dict[str, Any]:
    state = decided.state
    return {
        "rollout": state.rollout,
        "release": state.number,
        "slot": state.release.slot if state.release else None,
        "version": state.release.version if state.release else None,
        "phase": state.phase,
        "weight": state.share,
        "stable": state.stable,
        "why": state.why,
        "events": [event.to_record() for event in decided.events],
    }


takes_orders = taking(Asked)
"""Adds the arguments of every order, and hands them over as one."""
