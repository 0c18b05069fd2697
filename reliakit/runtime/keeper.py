"""Keeps the definitions in force: loads them, refuses bad ones, swaps in good ones."""

import asyncio
import logging
import os
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace

from reliakit.clock import Clock
from reliakit.core.snapshot import Snapshot
from reliakit.core.tally import Tallies
from reliakit.definitions.compile import compile_snapshot
from reliakit.definitions.difference import difference
from reliakit.definitions.documents import Document, read, run
from reliakit.definitions.loading import Loaded, load
from reliakit.definitions.models import Definitions
from reliakit.definitions.overrides import from_environment
from reliakit.definitions.problems import Problem
from reliakit.errors import ConfigurationError
from reliakit.runtime.engine import complete
from reliakit.runtime.last_good import LastGood
from reliakit.runtime.pace import paced
from reliakit.sources.protocol import Content, Source, SourceError

__all__ = ["Keeper", "State"]

_log = logging.getLogger("reliakit")
_WITHIN = 10.0
"""Seconds that a source has to answer."""


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
    """Owns the state of one kit. `state` is replaced whole, so readers need no lock."""

    state: State

    def __init__(
        self,
        source: Source,
        tallies: Tallies,
        last_good: LastGood | None,
        environ: Mapping[str, str],
        clock: Clock,
    ) -> None:
        self._source, self._tallies, self._last_good = source, tallies, last_good
        self._environ, self._clock = environ, clock
        self._process = os.getpid()
        self.source_name = source.name
        self.swapped: Callable[[Snapshot], None] = lambda snapshot: None
        """Told of every snapshot after the first."""
        self.settled: Callable[[], None] = lambda: None
        """Told when what is in force is what the source held a moment ago."""

    def begin(self, *, accept_last_good: bool) -> None:
        """Puts the first definitions in force.

        Raises:
            ConfigurationError: they have problems, and there is no last good copy or none is wanted.
        """
        earlier = run(self._earlier()) if accept_last_good else None
        document, loaded = run(self._loaded(complete(self._fetch), earlier))
        if loaded.problems and earlier is None:
            raise ConfigurationError(loaded.problems)
        definitions = loaded.definitions or earlier
        assert definitions is not None
        self._adopt(definitions, loaded)
        if loaded.definitions is not None:
            run(self._keep(document, definitions))

    async def watch(self) -> None:
        """Reloads whenever the source changes; once at first, for what changed before anybody watched.

        That first time, what stays in force if the source has gone bad is the last good copy: a process that was
        forked from an old parent has to run what its siblings learned since.
        """
        self.state = replace(self.state, failures=self.state.failures if self._begun_here() else 0)
        changes = self._source.changes()
        earlier: Definitions | None = await paced(self._earlier(), self._clock)
        await self._reload(earlier or self.state.definitions)
        self.settled()
        async for _ in changes:
            await self._reload(self.state.definitions)

    def _begun_here(self) -> bool:
        """What a parent process has failed at is the parent's to report."""
        return os.getpid() == self._process

    async def _reload(self, before: Definitions) -> None:
        """Loads the source again; on any problem what was in force before stays, as far as it has to."""
        fetched = await self._fetch()
        document, loaded = await paced(self._loaded(fetched, before), self._clock)
        definitions = loaded.definitions or before
        self._adopt(definitions, loaded)
        if loaded.definitions is not None and definitions != before:
            await paced(self._keep(document, definitions), self._clock)

    async def _fetch(self) -> Content | SourceError:
        """A failure is a value, which start-up and reload weigh differently."""
        try:
            # Not `wait_for`: on Python 3.11 it can swallow a cancellation, and the engine would not stop.
            async with asyncio.timeout(_WITHIN):
                return await self._source.load()
        except SourceError as failed:
            return failed
        except TimeoutError:
            return SourceError(f"{self._source.name} did not answer within {_WITHIN:g} s")
        except Exception as fault:  # a third party's source: whatever it raises, what is in force stays
            return SourceError(f"{self._source.name} failed: {fault!r}")

    def _earlier(self) -> Generator[None, None, Definitions | None]:
        document = self._last_good.load() if self._last_good else None
        return (yield from load(document, self._environ)).definitions if document else None

    def _keep(self, document: Document | None, definitions: Definitions) -> Generator[None, None, None]:
        if document is not None and self._last_good is not None:
            yield from self._last_good.save(document, definitions)

    def _loaded(
        self, fetched: Content | SourceError, previous: Definitions | None
    ) -> Generator[None, None, tuple[Document | None, Loaded]]:
        if isinstance(fetched, SourceError):
            return None, Loaded(None, (Problem((), str(fetched)),))
        document, problems = yield from read(fetched.text, fetched.name, fetched.format)
        if document is None:
            return None, Loaded(None, tuple(problems))
        return document, (yield from load(document, self._environ, previous, problems))

    def _adopt(self, definitions: Definitions, loaded: Loaded) -> None:
        state = getattr(self, "state", None)
        self._report(loaded.problems, state)
        failures = (state.failures if state else 0) + bool(loaded.problems)
        now = self._clock.monotonic()
        if state is not None and state.definitions == definitions:
            fresh = state.loaded_at if loaded.problems else now
            self.state = replace(state, problems=loaded.problems, failures=failures, loaded_at=fresh)
            return
        if state is not None:
            for line in difference(state.definitions, definitions):
                _log.info("definitions changed: %s", line)
        snapshot = self._compile(definitions)
        self.state = State(definitions, snapshot, now, loaded.problems, failures)
        self.swapped(snapshot)

    def _compile(self, definitions: Definitions) -> Snapshot:
        snapshot = compile_snapshot(definitions, self._tallies)
        answers, problems = from_environment(self._environ, definitions)
        self._report(tuple(problems), None)
        return replace(snapshot, flags=snapshot.flags.overridden(answers)) if answers else snapshot

    def _report(self, problems: tuple[Problem, ...], state: State | None) -> None:
        if state is not None and problems == state.problems:
            return
        for problem in problems:
            _log.error("%s", problem)
        if problems and state is not None:
            _log.error("%s is not in force as it stands: what was good before stays", self._source.name)
