"""Journals changes of definitions: what changed, once per content, whichever worker reads it first."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from typing import Any

import msgspec

from reliakit.definitions.difference import difference
from reliakit.definitions.models import Definitions
from reliakit.definitions.problems import Problem
from reliakit.rollouts.events import Actor
from reliakit.rollouts.records import Record, opened, stamped
from reliakit.runtime.documents import text_of
from reliakit.runtime.journal import chained
from reliakit.stores.protocol import Store, Write

__all__ = ["Contents"]

_REMEMBERED = 64
_MOST_LINES = 200


@dataclass(frozen=True, slots=True)
class _News:
    digest: str
    record: dict[str, Any]


class Contents:
    """What a worker knows of its definitions, until the journal knows it too.

    Args:
        store: where the journal is.
        source: the name of the source.
        now: the store's clock.
        actor: this worker, as events name it.
    """

    def __init__(
        self, store: Store, source: str, now: Callable[[], float], actor: Callable[[], Actor]
    ) -> None:
        self._store, self._source, self._now, self._actor = store, source, now, actor
        self._key = f"content/{sha256(source.encode()).hexdigest()[:16]}"
        self._news: _News | None = None

    def redefined(self, before: Definitions | None, after: Definitions) -> None:
        """Takes note of definitions that came into force here."""
        lines = list(islice(difference(before, after), _MOST_LINES)) if before else []
        digest = sha256(msgspec.json.encode(after, order="sorted")).hexdigest()
        self._news = _News(digest, {"what": "definitions", "revision": after.revision or "", "lines": lines})

    def rejected(self, problems: tuple[Problem, ...]) -> None:
        """Takes note of a document that can't be used as it stands."""
        lines = [str(problem) for problem in problems[:_MOST_LINES]]
        digest = sha256("\n".join(lines).encode()).hexdigest()
        self._news = _News(digest, {"what": "config_rejected", "revision": "", "lines": lines})

    async def post(self) -> None:
        """Journals the news, unless another worker has had them first.

        Raises:
            StoreError: the store can't be used now.
        """
        news = self._news
        if news is None:
            return
        found = (await self._store.read((self._key,))).found.get(self._key)
        seen: list[str] = (
            [] if found is None else list(opened("content", msgspec.json.decode(found.text))["seen"])
        )
        if news.digest in seen or await self._written(news, seen, 0 if found is None else found.version):
            self._news = self._news if self._news is not news else None

    async def _written(self, news: _News, seen: list[str], version: int) -> bool:
        kept: Record = stamped("content", source=self._source, seen=[*seen, news.digest][-_REMEMBERED:])
        event = stamped(
            "definitions", source=self._source, at=self._now(), actor=_told(self._actor()), **news.record
        )
        last = await self._store.last()
        return await self._store.commit(
            [Write(self._key, text_of(kept), version)],
            chained(last, [event]),
            last.number if last else 0,
            announce=False,
        )


def _told(actor: Actor) -> list[str]:
    return [actor.kind, actor.name, actor.user, actor.host]
