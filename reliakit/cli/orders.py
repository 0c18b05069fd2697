"""What all commands share that give an order: their arguments, and that somebody else may be faster."""

import functools
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from reliakit.cli.options import as_json, place, signed
from reliakit.cli.people import myself
from reliakit.cli.printing import Failure
from reliakit.cli.shared import Refusal
from reliakit.core.acting import Actor, Refused
from reliakit.stores.protocol import StoreError

__all__ = ["Given", "taking"]

T = TypeVar("T")
G = TypeVar("G", bound="Given")
_TRIES = 20
"""A controller writes about once a second; who loses so often has something else to look at."""


@dataclass(frozen=True, slots=True)
class Given:
    """An order as it was written, but for what to do."""

    name: str
    reason: str
    actor: Actor
    file: Path
    url: str | None
    as_json: bool

    async def until_written(self, attempt: Callable[[int], Awaitable[T | None]]) -> T:
        """Tries until an attempt, numbered from 0, was not in vain, and returns what it has brought about.

        Raises:
            Refusal: the order makes no sense now.
            Failure: others were faster time and again.
        """
        for number in range(_TRIES):
            try:
                done = await attempt(number)
            except Refused as refused:
                raise Refusal(f"{self.name}: {refused}") from refused
            if done is not None:
                return done
        raise Failure(f"others changed {self.name} {_TRIES} times meanwhile; nothing was done, try again")

    @contextmanager
    def writing(self, look: str) -> Iterator[None]:
        """Has a store that fails meanwhile say where to look; raises Failure for StoreError.

        Args:
            look: the command that shows how things are.
        """
        try:
            yield
        except StoreError as failed:
            again = f"look with `reliakit {look} {self.name}`"
            raise Failure(f"{failed}; it may or may not have been done: {again}") from failed


def taking(kind: type[G], metavar: str = "NAME") -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Returns a decorator that adds the arguments of every order, and hands them over as one."""

    def takes_orders(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def given(
            name: str,
            reason: str,
            claimed: str | None,
            file: Path,
            url: str | None,
            as_json: bool,
            **others: Any,
        ) -> None:
            command(kind(name, reason, myself(claimed), file, url, as_json), **others)

        reason = click.option("--reason", default="", metavar="TEXT", help="Why, for the journal.")
        return click.argument("name", metavar=metavar)(reason(signed(place(as_json(given)))))

    return takes_orders
