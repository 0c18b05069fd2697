"""Looks at a rollout every second until its release ends."""

import asyncio
import json
import time
from typing import TYPE_CHECKING, Literal

import click

from reliakit.cli.moments import moment
from reliakit.cli.printing import on_terminal, print_line, screen, tell
from reliakit.cli.rollout.found import Standing, defined, standing
from reliakit.cli.rollout.standing import colour_of, report, summary
from reliakit.cli.shared import Shared
from reliakit.rollouts.definition import RolloutDefinition
from reliakit.rollouts.phases import Phase
from reliakit.stores.protocol import StoreError

if TYPE_CHECKING:
    from rich.live import Live

__all__ = ["Watch"]

_PERIOD = 1.0


class Watch:
    """One watch.

    Args:
        name: of the rollout.
        until: what is waited for.
        timeout: seconds to wait at most; None for as long as it takes.
        as_json: whether to print an object a line.
    """

    def __init__(
        self, name: str, until: Literal["promoted", "ended"], timeout: float | None, as_json: bool
    ) -> None:
        self._name, self._until, self._timeout, self._json = name, until, timeout, as_json
        self.reached = False
        """Whether what was waited for has come true."""
        self._said = ""
        self._live: Live | None = None

    async def run(self, shared: Shared) -> None:
        """Looks until the release ends, the time is over, or somebody interrupts it; a store that is away is waited
        for.
        """
        definition = defined(shared.known, self._name)
        if on_terminal() and not self._json:
            from rich.live import Live

            with Live(console=screen(), auto_refresh=False) as self._live:
                await self._follow(shared, definition)
        else:
            await self._follow(shared, definition)

    async def _follow(self, shared: Shared, definition: RolloutDefinition) -> None:
        end = None if self._timeout is None else time.monotonic() + self._timeout
        first = True
        while not await self._ended(shared, definition, first):
            first = False
            if end is not None and time.monotonic() >= end:
                tell("the time is over", "yellow")
                return
            await asyncio.sleep(_PERIOD)

    async def _ended(self, shared: Shared, definition: RolloutDefinition, first: bool) -> bool:
        try:
            found = await standing(shared, definition)
        except StoreError as failed:
            if first:
                raise
            self._say(f"{failed}; it is asked again", "yellow")
            return False
        self._show(found)
        if found.state.active:
            return False
        self.reached = self._until == "ended" or found.state.phase is Phase.SUCCESSFUL
        return True

    def _show(self, found: Standing) -> None:
        if self._live is not None:
            from rich.console import Group

            from reliakit.cli.rollout.status import table

            self._live.update(Group(table(found)), refresh=True)
        elif self._json:
            self._say(json.dumps(report(found), default=str), None, summary(found.state))
        else:
            line = summary(found.state)
            self._say(f"{moment(found.now)}  {line}", colour_of(found.state), line)

    def _say(self, text: str, colour: str | None, news: str | None = None) -> None:
        """Prints what is news."""
        if (news or text) == self._said:
            return
        if not self._said and not self._json and self._live is None:
            tell(f"watching {self._name} (Ctrl-C ends this, and not the release)", "bright_black")
        self._said = news or text
        if self._live is not None:
            self._live.console.print(text)
        elif self._json:
            click.echo(text)
        else:
            print_line(text, colour)
