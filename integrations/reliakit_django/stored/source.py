"""Definitions in the tables of this application."""

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import cached_property
from random import uniform
from typing import TYPE_CHECKING, Any, TypeVar

from reliakit import Content, SourceError

if TYPE_CHECKING:
    from reliakit_django.stored.models import Revision

__all__ = ["DatabaseSource"]

T = TypeVar("T")
_TRIES = 3
"""How often rows are read again that were edited meanwhile."""


class DatabaseSource:
    """Reads the flags and segments that are edited in the admin: `RELIAKIT = {"SOURCE": DatabaseSource()}`.

    A change is noticed by one small row, which every edit changes. Django's database calls block, so they run on
    threads beside the engine's loop; their connections end as those of requests do, by CONN_MAX_AGE.

    Args:
        using: the database, by its alias; by default the one that Django's routers write to.
        poll: seconds between two looks, which are spread by chance up to a quarter later.
    """

    keep_copy = True

    def __init__(self, using: str | None = None, *, poll: float = 1.0) -> None:
        self._using, self._poll = using, poll
        self._loaded: int | None = None

    @cached_property
    def name(self) -> str:
        """The database, without what is secret in its address."""
        from django.db import connections

        said = connections[self._alias].settings_dict
        engine = str(said["ENGINE"]).rpartition(".")[2]
        return f"django:{engine}://{said.get('HOST') or ''}/{said['NAME']}#reliakit_stored"

    async def load(self) -> Content:
        content, self._loaded = await asyncio.to_thread(self._asked, self._read)
        return content

    def changes(self) -> AsyncIterator[None]:
        # What was loaded is taken now: the body of an asynchronous generator only starts when it is first waited for.
        return self._since(self._loaded)

    async def _since(self, seen: int | None) -> AsyncIterator[None]:
        while True:
            await asyncio.sleep(uniform(self._poll, self._poll * 1.25))  # noqa: S311 - so that workers don't come at once
            found = await self._look()
            if found != seen:
                seen = found
                yield

    async def _look(self) -> int | None:
        """Returns the number of the last edit; None where it can't be read, which whoever loads is to learn."""
        try:
            return await asyncio.to_thread(self._asked, self._number)
        except SourceError:
            return None

    def _read(self) -> tuple[Content, int]:
        from reliakit_django.stored.composing import composed
        from reliakit_django.stored.models import rows

        number, found = self._number(), rows(self._alias)
        for _ in range(_TRIES):
            again = self._number()
            if again == number:
                break
            number, found = again, rows(self._alias)
        return composed(found, self.name, number).content, number

    def _number(self) -> int:
        return self._revision.number(self._alias)

    @property
    def _alias(self) -> str:
        from django.db import router

        return self._using or router.db_for_write(self._revision)

    @property
    def _revision(self) -> "type[Revision]":
        from django.apps import apps

        try:
            model: type[Revision] = apps.get_model("reliakit_stored", "Revision")
        except LookupError:
            raise SourceError("add 'reliakit_django.stored' to INSTALLED_APPS") from None
        return model

    def _asked(self, question: Callable[[], T]) -> T:
        """Asks the database on a thread that is not a request's."""
        from django.db import Error, close_old_connections

        self._alias  # noqa: B018 - says what is missing in the settings, before anybody looks for a table
        close_old_connections()
        try:
            return question()
        except Error as failed:
            raise SourceError(
                f"{self.name}: {_first_line(failed)}; check that the database can be reached, and run: "
                "manage.py migrate reliakit_stored"
            ) from failed
        finally:
            close_old_connections()


def _first_line(failed: Any) -> str:
    return str(failed).strip().partition("\n")[0] or type(failed).__name__
