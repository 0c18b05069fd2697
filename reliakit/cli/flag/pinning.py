"""Pins a flag, or lets go of it: what the commands that do so share."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from reliakit.cli.flag.words import spoken, value_of, written
from reliakit.cli.options import as_json, place, signed
from reliakit.cli.people import myself, named
from reliakit.cli.printing import Failure, print_json, print_line, tell
from reliakit.cli.reports import reporting
from reliakit.cli.shared import Shared, share
from reliakit.definitions.models import Definitions, Flag
from reliakit.definitions.problems import suggestion
from reliakit.rollouts.events import Actor
from reliakit.rollouts.records import Record, stamped
from reliakit.runtime.documents import OVERRIDE, PIN_CHANGED, Pin, pins_in, text_of
from reliakit.runtime.journal import chained
from reliakit.stores.protocol import StoreError, Write

__all__ = ["Pinning", "changes_a_pin", "flag_in"]

_TRIES = 20
Choice = Callable[[Definitions, Flag], bool | str]


def flag_in(definitions: Definitions, key: str) -> Flag:
    """Returns a flag of the file; raises Failure where there is none of that key."""
    flag = definitions.flags.get(key)
    if flag is None:
        hint = suggestion(key, definitions.flags) or "reliakit flag list shows them all"
        raise Failure(f"there is no flag {key!r}; {hint}")
    return flag


@dataclass(frozen=True, slots=True)
class Pinning:
    """A change of one flag's pin, as it was asked for."""

    key: str
    reason: str
    actor: Actor
    file: Path
    url: str | None
    as_json: bool
    lasts: float | None = None

    def pin(self, choice: Choice) -> None:
        """Pins the flag and prints what holds now.

        Args:
            choice: (definitions, flag) -> on, off, or the name of a variant.

        Raises:
            Failure: there is no such flag, or no such variant.
            StoreError: the store can't be used now.
        """
        share(self.file, self.url, lambda shared: self._pinned(shared, choice), writes=True)

    def clear(self) -> None:
        """Lets the file have the flag again; raises as `pin` does."""
        share(self.file, self.url, self._cleared, writes=True)

    async def _pinned(self, shared: Shared, choice: Choice) -> None:
        flag = flag_in(shared.known, self.key)
        value = choice(shared.known, flag)
        tell((await reporting(shared)).line(), "bright_black")
        made, now = await self._change(shared, lambda now: self._made(value, now))
        assert made is not None
        if self.as_json:
            print_json(made.to_record())
        else:
            print_line(f"{self.key}: {spoken(made, now)}; the file says {written(flag)}", "green")

    def _made(self, value: bool | str, now: float) -> Pin:
        until = None if self.lasts is None else now + self.lasts
        return Pin(self.key, value, self.reason, named(self.actor), now, until)

    async def _cleared(self, shared: Shared) -> None:
        tell((await reporting(shared)).line(), "bright_black")
        await self._change(shared, lambda now: None)
        flag = shared.known.flags.get(self.key)
        if self.as_json:
            print_json({"flag": self.key, "value": None})
        else:
            said = f"as the file says: {written(flag)}" if flag else "cleared; the file has no such flag"
            print_line(f"{self.key}: {said}", "green")

    async def _change(self, shared: Shared, made: Callable[[float], Pin | None]) -> tuple[Pin | None, float]:
        """Writes the pin and its entry of the journal, in one step and over whatever others write meanwhile."""
        store, key = shared.store, OVERRIDE + self.key
        for _ in range(_TRIES):
            documents = await store.read((key,))
            found, before = documents.found.get(key), pins_in(documents.found).get(self.key)
            pin = made(documents.time)
            if pin is None and found is None:
                if self.key not in shared.known.flags:
                    flag_in(shared.known, self.key)
                return None, documents.time
            last = await store.last()
            text = None if pin is None else text_of(pin.to_record())
            write = Write(key, text, found.version if found else 0)
            entry = chained(last, [self._record(pin, before, documents.time)])
            if await self._committed(shared, write, entry, last.number if last else 0):
                return pin, documents.time
        raise Failure(f"others wrote {_TRIES} times meanwhile; nothing was done, try again")

    def _record(self, pin: Pin | None, before: Pin | None, now: float) -> Record:
        actor = self.actor
        return stamped(
            PIN_CHANGED,
            what="cleared" if pin is None else "pinned",
            flag=self.key,
            value=pin and value_of(pin),
            before=before and value_of(before),
            reason=self.reason,
            at=now,
            until=pin and pin.until,
            actor=[actor.kind, actor.name, actor.user, actor.host],
        )

    async def _committed(self, shared: Shared, write: Write, entry: list[str], head: int) -> bool:
        try:
            return await shared.store.commit([write], entry, head)
        except StoreError as failed:
            look = f"look with `reliakit flag list {self.key}`"
            raise Failure(f"{failed}; it may or may not have been done: {look}") from failed


def changes_a_pin(command: Callable[..., None]) -> Callable[..., None]:
    """Adds the arguments of every change of a pin, and hands them over as one."""

    @functools.wraps(command)
    def given(
        key: str, reason: str, claimed: str | None, file: Path, url: str | None, as_json: bool, **others: Any
    ) -> None:
        lasts = others.pop("lasts", None)
        command(Pinning(key, reason, myself(claimed), file, url, as_json, lasts), **others)

    reason = click.option(
        "--reason", required=True, metavar="TEXT", help="Why; kept with the pin and in the journal."
    )
    return click.argument("key", metavar="FLAG")(reason(signed(place(as_json(given)))))
