"""Reliakit: wires sources, engine, flags and middleware together for users."""

import os
import weakref
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from reliakit.clock import SYSTEM, Clock
from reliakit.core.bucketing import key_text
from reliakit.core.outcome import Outcome
from reliakit.core.tally import Tallies
from reliakit.errors import UsageError
from reliakit.middleware.mounted import Mounted
from reliakit.runtime.flag_calls import FlagCalls, User
from reliakit.runtime.flag_news import FlagNews
from reliakit.runtime.reports import Reports
from reliakit.runtime.rollout_functions import RolloutDecorator, RolloutFunctions
from reliakit.runtime.runtime import Runtime

if TYPE_CHECKING:
    from reliakit.definitions.explanation import Explanation
    from reliakit.definitions.rollout_models import RolloutSection
    from reliakit.middleware.protocol import AnyASGIApp, ASGIApp, Connection, Environ, WSGIApp
    from reliakit.runtime.joining import Joined
    from reliakit.runtime.override import Override
    from reliakit.runtime.status import Status
    from reliakit.sources.protocol import Source
    from reliakit.stores.protocol import Store

__all__ = ["Reliakit"]

_DEFAULT_FILE = "reliakit.yaml"
_EXIT_WITHIN = 0.5
"""Seconds that a process that exits waits for the background thread."""


class Reliakit(FlagCalls, FlagNews, Mounted):
    """One set of definitions, and what a process does with it.

    Args:
        source: the path of a YAML, TOML or JSON file, a URL, a mapping with the same content, or a `Source`.
            RELIAKIT_CONFIG names a path or URL that is used instead of one; with neither it is `reliakit.yaml`.
        on_invalid: what a process does that starts on definitions with problems: run on the `last_good` ones, as
            its siblings do, or `refuse`.
        store: what the workers share: a URL, or a `Store`. By default what the definitions say, else a SQLite file
            beside them; definitions that are no file share nothing.
        classify: judges a response by its status code, in place of `outcomes` in the definitions.
        environ: the environment, for `env:NAME` and the RELIAKIT_ variables.
        clock: for tests.

    Raises:
        ConfigurationError: the definitions can't be used and there are no last good ones (or `refuse` was said).
            It holds every problem.

    Making one reads the definitions. Its background thread starts when it is first used in a process, so an
    instance may be made before a server forks.
    """

    def __init__(
        self,
        source: "str | os.PathLike[str] | Mapping[str, Any] | Source | None" = None,
        *,
        on_invalid: Literal["last_good", "refuse"] = "last_good",
        store: "str | Store | None" = None,
        classify: Callable[[int], Outcome] | None = None,
        environ: Mapping[str, str] = os.environ,
        clock: Clock = SYSTEM,
    ) -> None:
        from reliakit.runtime.keeper import Keeper
        from reliakit.runtime.last_good import LastGood, state_folder
        from reliakit.runtime.measured import Measured
        from reliakit.runtime.remotes.table import Remotes

        self._folder = state_folder(environ)
        self._bypassed = environ.get("RELIAKIT_BYPASS") == "1"
        origin = _source({} if self._bypassed else source, environ)
        tallies = Tallies()
        last_good = LastGood(self._folder, origin.name) if origin.keep_copy else None
        self._keeper = Keeper(origin, tallies, last_good, environ, clock, classify=classify)
        remotes = Remotes(getattr(origin, "path", None) or _DEFAULT_FILE, clock, tallies.counters)
        self._keeper.planned = remotes.planned
        self._keeper.demands += self._demands
        self._keeper.begin(accept_last_good=on_invalid == "last_good")
        measured = Measured(tallies, self._keeper, clock)
        self._joined = self._join(store, origin, tallies, clock)
        self._joined.meet(remotes)
        services = [self._keeper.watch, self._joined.sharing.keep, self._joined.regions.keep, measured.export]
        snapshot, parts = self._keeper.state.snapshot, ("definitions", "state")
        services = [] if self._bypassed else services
        super().__init__(Runtime(snapshot, tallies, clock, services, remotes, parts))
        self._functions = RolloutFunctions(self._runtime, silent=self._bypassed)
        self._reports = Reports(self._runtime.scope, tallies.counters)
        self._joined.in_flight = measured.in_flight = self._runtime.flights.__len__
        self._keeper.swapped = self._runtime.swap
        self._keeper.settled = partial(self._runtime.settle, "definitions")
        self._joined.sharing.settled = partial(self._runtime.settle, "state")
        measured.standings, measured.endpoints = self._joined.standings.now, remotes.counted
        measured.regions = self._joined.regions.standings
        self._measured = measured
        weakref.finalize(self, self._runtime.stop, _EXIT_WITHIN)

    def asgi(
        self,
        app: "AnyASGIApp",
        *,
        upstreams: "Mapping[str, AnyASGIApp] | None" = None,
        identify: "Callable[[Connection], Any] | None" = None,
    ) -> "ASGIApp":
        """Wraps an ASGI application: routes requests, pins a snapshot for each, records outcomes.

        Args:
            app: the application, called `app` in the definitions.
            upstreams: other ASGI applications by the names that `upstreams` of the definitions has. Each runs its
                own lifespan.
            identify: gives the targeting key of a connection, from its ASGI scope, or a tuple of it and a mapping of
                attributes; None where nobody is known.
        """
        if self._bypassed:
            return app
        from reliakit.middleware.asgi import ASGIShell

        return ASGIShell(app, self._runtime, self._folder, self._checked_names(upstreams), identify)

    def wsgi(
        self,
        app: "WSGIApp",
        *,
        upstreams: "Mapping[str, WSGIApp] | None" = None,
        identify: "Callable[[Environ], Any] | None" = None,
    ) -> "WSGIApp":
        """Wraps a WSGI application, as `asgi` does an ASGI one; `identify` is given the WSGI environ."""
        if self._bypassed:
            return app
        from reliakit.middleware.wsgi import WSGIShell

        return WSGIShell(app, self._runtime, self._folder, self._checked_names(upstreams), identify)

    def override(self, flags: Mapping[str, Any]) -> "Override":
        """Pins flags for a test: a context manager, sync or async, and a decorator.

        It holds for the whole process, requests included, so that it works with test clients and live servers;
        whatever is pinned inside wins over what is pinned outside.

        Args:
            flags: flag key -> a variant's name, True or False for on/off flags, or else a value.
        """
        from reliakit.runtime.override import Override

        return Override(self._runtime, flags)

    def rollout(
        self,
        name: str,
        *,
        user: Callable[..., User | None] | None = None,
        ignore: tuple[type[BaseException], ...] = (),
    ) -> RolloutDecorator:
        """Gives a function or method a canary: `@kit.rollout("pricing")`, then `@price.canary`.

        Each call goes to one of the two, as requests go to slots: the function itself is the slot `initial`, its
        canary the other. An exception is an error of the slot, and passes on as it is. The rollout may be defined
        later; until then, and whenever nothing can be decided, the function itself runs.

        Args:
            name: of a rollout whose slots have no upstream.
            user: gives the targeting key from the arguments of a call; by default it is the request's own, and what
                `identify` said. Without any, the stable slot runs, and that is no evidence.
            ignore: exceptions that are answers and no failures.

        Raises:
            UsageError: when it decorates a generator, or a canary that is async where the function is not.
        """
        return self._functions.decorator(name, user, ignore)

    def fail(self, metric: str) -> None:
        """Reports that the current request went wrong for the business, as in `kit.fail("empty_cart")`.

        It counts once for the metric and each release that the request, or the call of a function, takes part in:
        releases are judged by the share of requests that reported it. Outside of both it is ignored. Never raises.
        """
        self._reports.report(metric)

    def track(self, metric: str, value: float = 1) -> None:
        """Reports that something happened in the current request, as in `kit.track("order", 1)`.

        As `fail`, for what need not be bad. What is judged is the share of requests, not the amount; 0 says that
        nothing happened. Never raises.
        """
        self._reports.report(metric, value)

    def explain(
        self, key: str, user: User | None = None, *, context: Mapping[str, Any] | None = None
    ) -> "Explanation":
        """Tells step by step why a flag answers as it does; `str()` of it is for people. Counts nothing."""
        from reliakit.definitions.explanation import explain

        scope = self._scope.get() or self._runtime.outside
        subject = scope.key() if user is None else key_text(user)
        attributes = scope.merged(context) if user is None else context or {}
        return explain(
            self._keeper.state.definitions,
            key,
            subject,
            attributes,
            scope.flags.pinned,
            self._runtime.clock.time,
        )

    @property
    def revision(self) -> str:
        """What the definitions in force call themselves; in a request, those that the request is decided by."""
        return (self._scope.get() or self._runtime.outside).snapshot.revision

    @property
    def ready(self) -> bool:
        """Whether this process can do its part: what a readiness probe should answer.

        It can't where the stable slot of a rollout takes no requests here, as one whose start has failed. The wrapped
        application gets them meanwhile.
        """
        state = self._keeper.state
        sections, rollouts = state.definitions.rollouts, state.snapshot.rollouts
        return all(self._serves(name, each.stable.name, sections[name]) for name, each in rollouts.items())

    def status(self) -> "Status":
        """Returns what is in force in this process, and what is known against it."""
        from reliakit.runtime.status import Status

        state, outside = self._keeper.state, self._runtime.outside
        return Status(
            source=self._keeper.source_name,
            revision=state.snapshot.revision,
            flags=len(state.definitions.flags),
            rollouts=len(state.definitions.rollouts),
            age=self._runtime.clock.monotonic() - state.loaded_at,
            problems=state.problems,
            overrides=tuple(outside.flags.pinned),
            engine=self._runtime.engine.running,
            reload_failures=state.failures,
            unreachable=self._runtime.remotes.unreachable,
        )

    def close(self, timeout: float = 2.0) -> bool:
        """Stops the background thread; tells whether it ended within `timeout` seconds. Flags go on answering."""
        return self._runtime.stop(timeout)

    def _join(
        self, store: "str | Store | None", origin: "Source", tallies: Tallies, clock: Clock
    ) -> "Joined":
        from reliakit.runtime.address import address_of
        from reliakit.runtime.joining import join
        from reliakit.stores.opening import Address, beside, open_store

        if store is None or isinstance(store, str):
            file = getattr(origin, "path", None)
            address = Address(store) if store else address_of(self._keeper.state.definitions)
            if (file is None and address.url == "sqlite") or self._bypassed:
                address = Address("memory")
            store = open_store(address, beside(file or Path(), self._folder))
        folder = None if store.scope == "process" else self._folder
        # Held weakly: the engine would keep a kit alive that nobody has any more, and itself with it.
        serves = weakref.WeakMethod(self._serves)

        def serving(rollout: str, slot: str, section: "RolloutSection") -> bool:
            own = serves()
            return own is not None and own(rollout, slot, section)

        return join(store, self._keeper, tallies, serving, clock, folder)

    def _serves(self, rollout: str, slot: str, section: "RolloutSection") -> bool:
        upstream = section.slots[slot].upstream
        if upstream is None:
            return slot == section.initial or self._functions.has_canary(rollout)
        return any(upstream in ready for ready in self._runtime.serving)

    def _checked_names(self, upstreams: Mapping[str, Any] | None) -> Mapping[str, Any]:
        declared = self._keeper.state.definitions.upstreams
        for name in upstreams or ():
            if declared.get(name) != "in_process":
                found = "endpoints for the" if name in declared else "no"
                raise UsageError(
                    f"the definitions have {found} upstream {name!r}; write: upstreams: {{{name}: in_process}}"
                )
        return upstreams or {}


def _source(
    given: "str | os.PathLike[str] | Mapping[str, Any] | Source | None", environ: Mapping[str, str]
) -> "Source":
    from reliakit.sources.memory import MemorySource
    from reliakit.sources.opening import open_source

    if isinstance(given, Mapping):
        return MemorySource(given)
    if given is None or isinstance(given, str | os.PathLike):
        return open_source(environ.get("RELIAKIT_CONFIG") or given or _DEFAULT_FILE, environ)
    return given
