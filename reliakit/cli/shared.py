"""What workers share, for commands that look at it or change it."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import click

from reliakit.cli.files import Examined, examine
from reliakit.cli.printing import Failure, tell
from reliakit.definitions.documents import read, run
from reliakit.definitions.loading import load
from reliakit.definitions.models import Definitions
from reliakit.definitions.problems import Problem
from reliakit.errors import ReliakitError
from reliakit.runtime.address import address_of
from reliakit.runtime.last_good import LastGood, state_folder
from reliakit.stores.opening import Address, beside, open_store
from reliakit.stores.protocol import Scope, Store, StoreError

__all__ = ["Refusal", "Shared", "opened", "share", "used"]

T = TypeVar("T")
_FAREWELL = 1.0


class Refusal(Failure):
    """What was asked for makes no sense now; nothing has changed."""

    exit_code = 1


@dataclass(frozen=True, slots=True)
class Shared:
    """What a command has found.

    Attributes:
        file: of the definitions.
        definitions: those that an application would run that starts here; None where there is no file and none is
            needed.
        problems: of the file as it stands.
        store: what the workers share.
        name, scope: of the store. Where nobody has made its file yet, `store` is empty and these are of the file.
    """

    file: Path
    definitions: Definitions | None
    problems: tuple[Problem, ...]
    store: Store
    name: str
    scope: Scope

    @property
    def known(self) -> Definitions:
        """The definitions, for commands that need them."""
        assert self.definitions is not None
        return self.definitions


def share(
    file: Path,
    url: str | None,
    work: Callable[[Shared], Awaitable[T]],
    *,
    writes: bool = False,
    optional: bool = False,
) -> T:
    """Opens definitions and store, does the work on a loop of its own, and closes.

    Args:
        file: the definitions.
        url: of the store; None for that of the definitions.
        work: what to do.
        writes: whether a store that does not exist yet is made.
        optional: whether the work can do without definitions, where the store's address is given.

    Raises:
        Failure: the definitions can't be used, nor their last good copy.
        StoreError: the store can't be used now.
    """
    found = opened(file, url, writes=writes, optional=optional)
    if found.problems:
        tell(
            f"{file} is not in force as it stands (reliakit check says why): its last good form is used",
            "yellow",
        )
    return used(found, work)


def used(found: Shared, work: Callable[[Shared], Awaitable[T]]) -> T:
    """Does the work with what was opened, and closes."""
    return asyncio.run(_worked(found, work))


async def _worked(found: Shared, work: Callable[[Shared], Awaitable[T]]) -> T:
    try:
        return await work(found)
    except ValueError as unread:  # a document of a version that this one does not know
        raise Failure(f"{found.name}: {unread}") from unread
    finally:
        with suppress(TimeoutError, StoreError):
            async with asyncio.timeout(_FAREWELL):
                await found.store.close()


def opened(file: Path, url: str | None, *, writes: bool, optional: bool) -> Shared:
    """Returns what there is; nothing is connected to yet, and raises as `share` does."""
    definitions: Definitions | None = None
    problems: tuple[Problem, ...] = ()
    if not (optional and url and not file.exists()):
        definitions, problems = _definitions(file)
    address = address_of(definitions) if definitions else Address()
    address = replace(address, url=url) if url else address
    if address.url == "memory":
        raise Failure("the store is the memory of a process, which no command can reach")
    store = open_store(address, beside(file, state_folder(os.environ)))
    name, scope = store.name, store.scope
    return Shared(file, definitions, problems, store if writes else _untouched(store), name, scope)


def _untouched(store: Store) -> Store:
    """Looking must not make a file: it would belong to whoever looked, and the application could not write to it."""
    from reliakit.stores.memory import MemoryStore

    path = getattr(store, "path", None)
    return MemoryStore() if isinstance(path, Path) and not path.exists() else store


def _definitions(file: Path) -> tuple[Definitions, tuple[Problem, ...]]:
    """Reads a file as an application does that starts here. A kill switch must not wait for a file to be mended."""
    examined = examine(file)
    found, problems = examined.loaded.definitions, examined.loaded.problems
    if not problems and found is not None:
        return found, ()
    earlier = _last_good(file)
    if earlier is None:
        raise Failure("\n".join(["the definitions can't be used:", *(f"  {each}" for each in problems)]))
    return _kept(file, examined, earlier) or earlier, problems


def _kept(file: Path, examined: Examined, earlier: Definitions) -> Definitions | None:
    document, problems = run(read(file.read_bytes(), examined.name))
    return run(load(document, os.environ, earlier, problems)).definitions if document else None


def _last_good(file: Path) -> Definitions | None:
    name = os.path.abspath(click.format_filename(file))
    document = run(LastGood(state_folder(os.environ), name).load())
    try:
        return run(load(document, os.environ)).definitions if document else None
    except ReliakitError:
        return None
