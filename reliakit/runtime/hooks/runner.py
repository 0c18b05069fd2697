"""Carries out what decisions ask for, on the engine's loop: never waited for, each run once, by whoever claims it."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from reliakit.definitions.hook_models import SharedHookSection
from reliakit.failover.hooks import HookResult
from reliakit.runtime.hooks.asking import Asked, carry_out
from reliakit.runtime.hooks.claims import Claims
from reliakit.runtime.http_calls import Caller, call
from reliakit.stores.protocol import Store, StoreError

__all__ = ["Hooks"]

_log = logging.getLogger("reliakit")
_MOST = 1_000


class Hooks:
    """The hooks of one worker.

    Args:
        store: in which runs are claimed, and results told.
        sections: the hooks in force by their names, asked anew each time.
        worker: names this incarnation.
        now: the store's clock, in seconds since 1970-01-01 UTC.
        folder: in which commands run.
        caller: asks a server.

    Attributes:
        results: how runs ended, by their ids, as far as this worker knows; for decisions to be shown.
    """

    def __init__(
        self,
        store: Store,
        sections: Callable[[], Mapping[str, SharedHookSection]],
        worker: Callable[[], str],
        now: Callable[[], float],
        folder: Path,
        caller: Caller = call,
    ) -> None:
        self._claims = Claims(store)
        self._sections, self._worker, self._now = sections, worker, now
        self._folder, self._call = folder, caller
        self._running: dict[str, asyncio.Task[None]] = {}
        self._mine: set[str] = set()
        self._untold: dict[str, HookResult] = {}
        self.results: dict[str, HookResult] = {}

    async def learn(self) -> None:
        """Tells what has ended here, and takes in what has ended elsewhere.

        Raises:
            StoreError: the store can't be used now.
        """
        await self.tell()
        self.results.update(await self._claims.results())
        while len(self.results) > _MOST:
            del self.results[next(iter(self.results))]

    async def tell(self) -> None:
        """Tells what has ended here, also what was just ended by `leave`; raises as `learn` does."""
        for run, result in tuple(self._untold.items()):
            if await self._claims.ended(run, self._worker(), result):
                self._untold.pop(run, None)

    def begin(self, asked: Iterable[Asked], *, shared: bool = True) -> None:
        """Begins what has not been begun, and waits for none of it.

        Args:
            asked: the commands of a decision, after its state was written.
            shared: whether the store is there. Without it only those are begun that each worker may run by itself.
        """
        self._forget()
        for each in asked:
            run = each.command.id
            if run in self._running or run in self.results or not (shared or each.command.hook.alone):
                continue
            self._running[run] = asyncio.create_task(self._run(each, shared), name=f"reliakit hook {run}")

    def leave(self) -> None:
        """Ends what runs: programs are killed, with what they have started; `tell` says so."""
        for run, task in self._running.items():
            if _ours(task) and not task.done():
                task.cancel()
                if run in self._mine:
                    self._untold[run] = HookResult(False, "it was ended with the worker that ran it")
        self._running.clear()

    @property
    def idle(self) -> bool:
        """Whether nothing runs here now."""
        self._forget()
        return not self._running

    def _forget(self) -> None:
        self._running = {run: task for run, task in self._running.items() if _ours(task) and not task.done()}

    async def _run(self, asked: Asked, shared: bool) -> None:
        command = asked.command
        if shared and not await self._claimed(command.id):
            return
        if shared:
            self._mine.add(command.id)
        _log.info("%s: %s, attempt %d, begins", command.hook.name, command.target, command.attempt)
        section = self._sections().get(command.hook.name)
        if section is None:
            result = HookResult(False, "the definitions have no such hook any more")
        else:
            result = await self._carried_out(asked, section)
        self._end(asked, result)
        if shared:
            self._mine.discard(command.id)
            self._untold[command.id] = result

    async def _claimed(self, run: str) -> bool:
        try:
            return await self._claims.claim(run, self._worker())
        except StoreError as failed:
            # The decision asks again, and the next claim finds what came of this one.
            _log.debug("a hook waits: %s", failed)
            return False

    async def _carried_out(self, asked: Asked, section: SharedHookSection) -> HookResult:
        try:
            return await carry_out(asked, section, self._folder, self._now(), self._call)
        except Exception as fault:  # a fault of ours; its text may hold what is called
            _log.error("%s can't be run: %s", asked.command.hook.name, type(fault).__name__)
            return HookResult(False, "it could not be run")

    def _end(self, asked: Asked, result: HookResult) -> None:
        self.results[asked.command.id] = result
        level, how = (logging.INFO, "is done") if result.good else (logging.WARNING, "failed")
        said = f": {result.said}" if result.said else ""
        _log.log(level, "%s: %s %s%s", asked.command.hook.name, asked.command.target, how, said)


def _ours(task: "asyncio.Task[None]") -> bool:
    """A task of another loop is a parent's from before a fork, or of an engine that has stopped: it never ends."""
    return task.get_loop() is asyncio.get_running_loop()
