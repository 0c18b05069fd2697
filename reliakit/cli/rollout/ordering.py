"""Orders to a rollout: what the commands that give one share."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from reliakit.cli.options import as_json, place, signed
from reliakit.cli.people import myself
from reliakit.cli.printing import Failure, print_json, print_line, tell
from reliakit.cli.reports import reporting
from reliakit.cli.rollout.found import defined, state_of, warn
from reliakit.cli.shared import Refusal, Shared, share
from reliakit.rollouts.controller import Decided
from reliakit.rollouts.definition import RolloutDefinition
from reliakit.rollouts.events import Actor
from reliakit.rollouts.orders import Order, obey
from reliakit.rollouts.phases import Refused
from reliakit.rollouts.state import RolloutState
from reliakit.runtime.documents import Versioned
from reliakit.runtime.reconciler import Known, Reconciler
from reliakit.stores.protocol import StoreError

__all__ = ["Asked", "place_of", "takes_orders"]

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
        for attempt in range(_TRIES):
            before, now = await state_of(shared, definition)
            if not attempt:
                warn(definition, before.state)
            decided = self._decided(definition, before.state, order, now)
            if await self._written(shared, before, decided):
                return decided
        raise Failure(f"others changed {self.name} {_TRIES} times meanwhile; nothing was done, try again")

    def _decided(
        self, definition: RolloutDefinition, state: RolloutState, order: Order, now: float
    ) -> Decided:
        try:
            return obey(definition, state, _complete(definition, state, order), now, self.actor)
        except Refused as refused:
            raise Refusal(f"{self.name}: {refused}") from refused

    async def _written(self, shared: Shared, before: Versioned, decided: Decided) -> bool:
        commit = Reconciler(shared.store, dict, Known()).commit
        try:
            return await commit(before, decided.state, decided.events)
        except StoreError as failed:
            look = f"look with `reliakit rollout status {self.name}`"
            raise Failure(f"{failed}; it may or may not have been done: {look}") from failed


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


def takes_orders(command: Callable[..., None]) -> Callable[..., None]:
    """Adds the arguments of every order, and hands them over as one."""

    @functools.wraps(command)
    def given(
        name: str, reason: str, claimed: str | None, file: Path, url: str | None, as_json: bool, **others: Any
    ) -> None:
        command(Asked(name, reason, myself(claimed), file, url, as_json), **others)

    reason = click.option("--reason", default="", metavar="TEXT", help="Why, for the journal.")
    return click.argument("name")(reason(signed(place(as_json(given)))))
