"""A store whose clock is its server's, on virtual time."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace

from reliakit.stores.protocol import Documents, Entry, Receipt, Report, Scope, Store, Totals, Write

__all__ = ["OnVirtualTime"]

_LONG = 86_400.0


@dataclass(slots=True)
class OnVirtualTime:
    """Passes everything on, and translates what is about time: nobody can set the clock of a server.

    Args:
        store: the real one.
        now: the virtual clock.
    """

    store: Store
    now: Callable[[], float]
    _seen: dict[str, float] = field(default_factory=dict)
    _sequences: dict[str, int] = field(default_factory=dict)
    _leases: dict[str, tuple[str, float, float]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.store.name

    @property
    def scope(self) -> Scope:
        return self.store.scope

    async def publish(self, report: Report) -> Receipt:
        receipt = await self.store.publish(report)
        if receipt.accepted and report.sequence > self._sequences.get(report.worker, -1):
            self._sequences[report.worker], self._seen[report.worker] = report.sequence, self.now()
        return replace(receipt, time=self.now())

    async def totals(self, prefix: str = "") -> Totals:
        totals = await self.store.totals(prefix)
        workers = tuple(replace(each, seen=self._seen[each.name]) for each in totals.workers)
        return replace(totals, time=self.now(), workers=workers)

    async def retire(self, worker: str, silent: float) -> bool:
        quiet = self.now() - self._seen.get(worker, 0.0) >= silent
        return await self.store.retire(worker, 0.0 if quiet else _LONG)

    async def absorb(self, prefix: str, into: str) -> None:
        await self.store.absorb(prefix, into)

    async def read(self, prefixes: Sequence[str]) -> Documents:
        return replace(await self.store.read(prefixes), time=self.now())

    async def commit(
        self, writes: Sequence[Write], events: Sequence[str] = (), head: int = 0, *, announce: bool = True
    ) -> bool:
        return await self.store.commit(writes, events, head, announce=announce)

    async def last(self) -> Entry | None:
        return await self.store.last()

    async def journal(self, after: int = 0, limit: int = 1_000) -> Sequence[Entry]:
        return await self.store.journal(after, limit)

    async def prune(self, before: int) -> None:
        await self.store.prune(before)

    async def lease(self, name: str, holder: str, seconds: float) -> bool:
        has, since, until = self._leases.get(name, (holder, 0.0, 0.0))
        # As a store has it whose clock can be set: one with more to go than it ever had is of before that.
        if not 2 * since - until <= self.now() < until:
            await self.store.release(name, has)
        taken = await self.store.lease(name, holder, _LONG)
        if taken:
            self._leases[name] = holder, self.now(), self.now() + seconds
        return taken

    async def release(self, name: str, holder: str) -> None:
        await self.store.release(name, holder)

    def changes(self) -> AsyncIterator[None]:
        return self.store.changes()

    async def close(self) -> None:
        await self.store.close()
