"""Keeps the definitions in force: loads them, refuses bad ones, swaps in good ones."""

import asyncio
import logging
import os
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from reliakit.clock import Clock
from reliakit.core.counters import Failed
from reliakit.core.outcome import Classifier, guarded
from reliakit.core.pins import pin
from reliakit.core.rollouts import Split
from reliakit.core.snapshot import Flags, Snapshot
from reliakit.core.tally import Tallies
from reliakit.definitions.compile import compile_flags, compile_rollouts, compile_snapshot
from reliakit.definitions.difference import difference
from reliakit.definitions.documents import Document, run
from reliakit.definitions.loading import Loaded, load
from reliakit.definitions.models import Definitions
from reliakit.definitions.overrides import from_environment
from reliakit.definitions.problems import Problem
from reliakit.errors import ConfigurationError
from reliakit.runtime.changes import Changes
from reliakit.runtime.demands import Demand, demanded
from reliakit.runtime.engine import complete, supervise
from reliakit.runtime.last_good import LastGood
from reliakit.runtime.pace import paced
from reliakit.runtime.waiting import either
from reliakit.sources.environment import EnvironmentSource
from reliakit.sources.protocol import Content, Source, SourceError
from reliakit.sources.reading import read_content

__all__ = ["Keeper", "Shared", "State"]

_log = logging.getLogger("reliakit")


@dataclass(frozen=True, slots=True)
class Shared:
    """What workers share of a kit.

    Attributes:
        splits: how rollouts divide their requests.
        pins: flag -> on, off, or a variant's name: what somebody has pinned it to.
    """

    splits: Mapping[str, Split] = field(default_factory=dict)
    pins: Mapping[str, bool | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class State:
    """What is in force, and what is known against it."""

    definitions: Definitions
    snapshot: Snapshot
    loaded_at: float
    """Monotonic seconds, when the source was last read without a problem."""
    problems: tuple[Problem, ...] = ()
    """Of the document that the source holds now; empty where all of it is in force."""
    failures: int = 0
    """Loads that left something behind, since this process started."""


class Keeper:
    """Owns the state of one kit. `state` is replaced whole, so readers need no lock.

    Args:
        source: where the definitions come from.
        tallies: where the answers of its snapshots are counted.
        last_good: keeps a copy on disk; None for sources that need none.
        environ: for `env:NAME` and the flags in RELIAKIT_FLAG_ variables.
        clock: tells how old the definitions are.
        within: seconds that the source has to answer.
        retries: the first and the longest delay, in seconds, until a source that failed is asked again.
    """

    state: State

    def __init__(
        self,
        source: Source,
        tallies: Tallies,
        last_good: LastGood | None,
        environ: Mapping[str, str],
        clock: Clock,
        *,
        classify: Classifier | None = None,
        within: float = 10.0,
        retries: tuple[float, float] = (0.1, 30.0),
    ) -> None:
        self._source, self._tallies, self._last_good = source, tallies, last_good
        self._environ, self._clock = environ, clock
        self._classify, self._within, self._retries = classify, within, retries
        # Where the variables are the source, they would be held against what they have defined.
        self._pins: Mapping[str, str] = {} if isinstance(source, EnvironmentSource) else environ
        self._process = os.getpid()
        self._shared = Shared()
        self.source_name = source.name
        self.planned: Callable[[Definitions, Snapshot], Mapping[str, Any]] = lambda definitions, snapshot: {}
        """Makes what reaches the upstreams that are elsewhere."""
        self.demands: list[Demand] = []
        """What is asked of definitions beside being sound."""
        self.swapped: Callable[[Snapshot], None] = lambda snapshot: None
        """Told of every snapshot after the first."""
        self.settled: Callable[[], None] = lambda: None
        """Told when what is in force is what the source held a moment ago."""
        self.redefined: Callable[[Definitions | None, Definitions], None] = lambda before, now: None
        """Told of definitions that came into force, after their snapshot did."""
        self.rejected: Callable[[tuple[Problem, ...]], None] = lambda problems: None
        """Told of the problems of a document that is not in force as it stands."""
        self.changes = Changes(clock)
        self.earlier: Definitions | None = None
        """The last good definitions of this host when this process began."""

    def share(self, shared: Shared) -> None:
        """Puts in force what workers share: how rollouts divide their requests, and whose flags somebody has pinned."""
        before, self._shared = self._shared, shared
        state = getattr(self, "state", None)
        if state is None or before == shared:
            return
        snapshot = replace(
            state.snapshot, rollouts=compile_rollouts(state.definitions, self._tallies, shared.splits)
        )
        if before.pins != shared.pins:
            snapshot = replace(
                snapshot,
                flags=self._pinned(compile_flags(state.definitions, self._tallies, self._clock.time)),
            )
        self.state = replace(state, snapshot=snapshot)
        self.swapped(snapshot)
        self.changes.look(self.state)

    def begin(self, *, accept_last_good: bool) -> None:
        """Puts the first definitions in force.

        Raises:
            ConfigurationError: they have problems, and there is no last good copy or none is wanted.
        """
        earlier = run(self._earlier()) if accept_last_good else None
        self.earlier = earlier
        document, loaded = run(self._loaded(complete(self._fetch), earlier))
        if loaded.problems and earlier is None and not loaded.partial:
            raise ConfigurationError(loaded.problems)
        definitions = loaded.definitions or earlier
        assert definitions is not None
        run(self._adopt(definitions, loaded))
        run(self._keep(document, loaded))
        self.changes.look(self.state)

    async def watch(self) -> None:
        """Reloads whenever the source changes, and again where it could not be read; once at first, for what
        changed before anybody watched.

        That first time, what stays in force if the source has gone bad is the last good copy: a process that was
        forked from an old parent has to run what its siblings learned since.
        """
        self.state = replace(self.state, failures=self.state.failures if self._begun_here() else 0)
        due = asyncio.Event()
        listening = asyncio.create_task(
            supervise(partial(self._listen, due), f"watching {self.source_name}", *self._retries)
        )
        try:
            await due.wait()
            await self._follow(due)
        finally:
            listening.cancel()

    async def _listen(self, due: asyncio.Event) -> None:
        try:
            changes = self._source.changes()
        finally:
            due.set()  # whatever came before anybody listened
        async for _ in changes:
            due.set()
        raise SourceError(f"{self.source_name} stopped watching, which a source never does by itself")

    async def _follow(self, due: asyncio.Event) -> None:
        first, last = self._retries
        before, retry = await paced(self._earlier(), self._clock) or self.state.definitions, first
        while True:
            due.clear()
            answered = await self._reload(before)
            self.settled()
            await either(due, None if answered else retry)
            before, retry = self.state.definitions, first if answered else min(retry * 2, last)

    def _begun_here(self) -> bool:
        """What a parent process has failed at is the parent's to report."""
        return os.getpid() == self._process

    async def _reload(self, before: Definitions) -> bool:
        """Loads the source again; on any problem what was in force before stays, as far as it has to.

        Returns:
            Whether the source could be read.
        """
        fetched = await self._fetch()
        document, loaded = await paced(self._loaded(fetched, before), self._clock)
        definitions = loaded.definitions or before
        await paced(self._adopt(definitions, loaded), self._clock)
        if loaded.definitions is not None and definitions != before:
            await paced(self._keep(document, loaded), self._clock)
        self.changes.look(self.state, isinstance(fetched, Content))
        return isinstance(fetched, Content)

    async def _fetch(self) -> Content | SourceError:
        """A failure is a value, which start-up and reload weigh differently."""
        try:
            # Not `wait_for`: on Python 3.11 it can swallow a cancellation, and the engine would not stop.
            async with asyncio.timeout(self._within):
                return await self._source.load()
        except SourceError as failed:
            return failed
        except TimeoutError:
            return SourceError(f"{self._source.name} did not answer within {self._within:g} s")
        except Exception as fault:  # a third party's source: whatever it raises, what is in force stays
            return SourceError(f"{self._source.name} failed: {fault!r}")

    def _earlier(self) -> Generator[None, None, Definitions | None]:
        document = (yield from self._last_good.load()) if self._last_good else None
        return (yield from load(document, self._environ)).definitions if document else None

    def _keep(self, document: Document | None, loaded: Loaded) -> Generator[None, None, None]:
        if document is not None and loaded.definitions is not None and self._last_good is not None:
            broken = {str(problem.path[1]) for problem in loaded.problems if problem.path[1:]}
            yield from self._last_good.save(document, loaded.definitions.flags, broken)

    def _loaded(
        self, fetched: Content | SourceError, previous: Definitions | None
    ) -> Generator[None, None, tuple[Document | None, Loaded]]:
        if isinstance(fetched, SourceError):
            return None, Loaded(None, (Problem((), str(fetched)),))
        document, problems = yield from read_content(fetched)
        if document is None:
            return None, Loaded(None, tuple(problems))
        loaded = yield from load(document, self._environ, previous, problems)
        return document, demanded(self.demands, document, loaded)

    def _adopt(self, definitions: Definitions, loaded: Loaded) -> Generator[None, None, None]:
        state = getattr(self, "state", None)
        self._report(loaded.problems, state)
        failures = (state.failures if state else 0) + bool(loaded.problems)
        now = self._clock.monotonic()
        if state is not None and state.definitions == definitions:
            fresh = state.loaded_at if loaded.problems else now
            self.state = replace(state, problems=loaded.problems, failures=failures, loaded_at=fresh)
            return
        snapshot = self._compile(definitions)
        self.state = State(definitions, snapshot, now, loaded.problems, failures)
        self.swapped(snapshot)
        self.redefined(state.definitions if state else None, definitions)
        if state is not None:  # after the fact: a kill switch does not wait for a long list to be written
            for line in difference(state.definitions, definitions):
                _log.info("definitions changed: %s", line)
                yield

    def _compile(self, definitions: Definitions) -> Snapshot:
        self._answers, problems = from_environment(self._pins, definitions)
        for problem in problems:
            _log.error("%s", problem)
        made = compile_snapshot(definitions, self._tallies, splits=self._shared.splits, now=self._clock.time)
        flags = self._pinned(made.flags)
        made = replace(made, flags=flags, upstreams=self.planned(definitions, made))
        return replace(made, classify=self._judge(made.classify)) if self._classify else made

    def _pinned(self, flags: Flags) -> Flags:
        """Lays over the flags what somebody has pinned for everybody, and then what this process's environment pins."""
        pins = {
            key: answer for key, value in self._shared.pins.items() if (answer := _answer(flags, key, value))
        }
        answers = {**pins, **self._answers}
        return flags.overridden(answers) if answers else flags

    def _judge(self, otherwise: Classifier) -> Classifier:
        assert self._classify is not None
        return guarded(self._classify, otherwise, lambda: self._tallies.counters.add(Failed("classify")))

    def _report(self, problems: tuple[Problem, ...], state: State | None) -> None:
        if problems == (state.problems if state else ()):
            return
        for problem in problems:
            _log.error("%s", problem)
        if problems:
            _log.error("%s is not in force as it stands: what was good before stays", self.source_name)
            self.rejected(problems)
        else:
            _log.info("%s is in force again as it stands", self.source_name)


def _answer(flags: Flags, key: str, value: bool | str) -> tuple[str | None, Any] | None:
    """What a flag answers that is pinned to a variant; nothing where the variant is gone."""
    return pin(flags.variants(key), value if isinstance(value, str) else "on" if value else "off")
