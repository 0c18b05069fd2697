"""Who runs which hook, and how it ended: a document for each run, so that of all workers one begins it, and once.

A run that was begun by a worker which was killed is never begun again: nobody knows how far it came. It has no result,
so its decision waits for the timeout, and tries the next attempt.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import msgspec

from reliakit.failover.hooks import HookResult
from reliakit.failover.records import opened, stamped
from reliakit.stores.protocol import Document, Store, Write

__all__ = ["HOOK", "Claims"]

HOOK = "hook/"
_KEPT = 2 * 86_400.0
"""Seconds after which a run is forgotten: longer than any timeout, so that nobody waits for it."""


@dataclass(frozen=True, slots=True)
class _Claim:
    run: str
    worker: str
    at: float
    good: bool | None
    said: str

    @property
    def result(self) -> HookResult | None:
        return None if self.good is None else HookResult(self.good, self.said)


class Claims:
    """The runs of all workers, in their store.

    Args:
        store: what they share.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    async def claim(self, run: str, worker: str) -> bool:
        """Takes a run; tells whether it is this worker's to begin.

        Raises:
            StoreError: the store can't be used now. Where it took the claim all the same, the next try finds that.
        """
        documents = await self._store.read((HOOK,))
        found = documents.found.get(_key(run))
        if found is not None:
            known = _read(found)
            return known is not None and known.worker == worker and known.result is None
        claim = Write(_key(run), _text(_Claim(run, worker, documents.time, None, "")), 0)
        return await self._store.commit([claim, *_outdated(documents.found, documents.time)], announce=False)

    async def ended(self, run: str, worker: str, result: HookResult) -> bool:
        """Tells all workers how a run ended; whether they know now. Raises StoreError."""
        documents = await self._store.read((_key(run),))
        found = documents.found.get(_key(run))
        if found is None:
            return True  # the store has lost it, and with it whoever waits
        claim = _Claim(run, worker, documents.time, result.good, result.said)
        return await self._store.commit([Write(_key(run), _text(claim), found.version)], announce=False)

    async def results(self) -> dict[str, HookResult]:
        """Returns how runs ended, by their ids; raises StoreError."""
        claims = map(_read, (await self._store.read((HOOK,))).found.values())
        return {each.run: each.result for each in claims if each is not None and each.result is not None}


def _key(run: str) -> str:
    # An id holds addresses, which keys of documents do not.
    return HOOK + sha256(run.encode()).hexdigest()[:32]


def _text(claim: _Claim) -> str:
    told = {"run": claim.run, "worker": claim.worker, "at": claim.at, "good": claim.good, "said": claim.said}
    return msgspec.json.encode(stamped("hook", **told)).decode()


def _read(document: Document) -> _Claim | None:
    """Returns a claim; None where another version wrote it: it is not this worker's, and it is waited for."""
    try:
        fields = opened("hook", msgspec.json.decode(document.text, type=dict[str, Any]))
        return _Claim(*(fields[name] for name in ("run", "worker", "at", "good", "said")))
    except (ValueError, msgspec.DecodeError):
        return None


def _outdated(found: Mapping[str, Document], now: float) -> list[Write]:
    claims = {key: _read(document) for key, document in found.items()}
    old = [key for key, claim in claims.items() if claim is not None and claim.at < now - _KEPT]
    return [Write(key, None, found[key].version) for key in old]
