"""One call of a function that has a canary: which of the two runs, and what comes of it."""

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from contextvars import Token
from typing import Any

from reliakit.core.bucketing import key_text
from reliakit.core.counters import Failed
from reliakit.core.outcome import Outcome
from reliakit.core.rollouts import Rollout, Slot, Sticky
from reliakit.core.scope import Scope
from reliakit.core.tally import record
from reliakit.runtime.runtime import Runtime
from reliakit.runtime.splitting import FALLBACK, FORCED, SPLIT, split

__all__ = ["Call", "Choice"]

_log = logging.getLogger("reliakit")
# Members of an enumeration are looked up slowly; the request path has them at hand.
_SUCCESS, _ERROR, _CANCELLED = Outcome.SUCCESS, Outcome.ERROR, Outcome.CANCELLED
_NONE = Sticky.NONE
_UNCOUNTED = -1
_Begun = tuple[Callable[..., Any], int, str | None]
"""What runs, the tally's row for its outcome or _UNCOUNTED, and the targeting key as far as it was needed."""


class Choice:
    """A function, its canary, and how one of them is chosen for each call.

    Args:
        runtime: of the kit.
        rollout: its name.
        function: runs in the slot that is `initial`, and wherever nothing can be decided.
        user: gives the targeting key from the arguments of a call.
        ignore: exceptions that are no failure.
        silent: whether there are no definitions that could have the rollout.

    Attributes:
        canary: runs in the other slot; None before it is registered.
    """

    def __init__(
        self,
        runtime: Runtime,
        rollout: str,
        function: Callable[..., Any],
        user: Callable[..., Any] | None,
        ignore: tuple[type[BaseException], ...],
        silent: bool,
    ) -> None:
        self.runtime, self.rollout, self.function, self.ignore = runtime, rollout, function, ignore
        self.canary: Callable[..., Any] | None = None
        self._user, self._told = user, silent

    def begin(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> "Call":
        """Decides on a call. Whatever goes wrong in that, the function itself runs."""
        runtime = self.runtime
        try:
            scope = runtime.scope.get()
            if scope is None:
                if runtime.dormant:
                    runtime.wake()
                scope = runtime.outside
            token = None
            if scope.taken is None:  # then the call is by itself what is evidence about a release
                scope = scope.within(scope.flags)
                scope.taken = {}
                token = runtime.scope.set(scope)
            return Call(self, token, *self._chosen(scope, args, kwargs))
        except Exception:
            _log.exception("%s runs undecided", self.rollout)
            runtime.tallies.counters.add(Failed("routing"))
            return Call(self, None, self.function, _UNCOUNTED, None)

    def _chosen(self, scope: Scope, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> _Begun:
        rollout = scope.snapshot.rollouts.get(self.rollout)
        if rollout is None or rollout.stable.upstream:
            self._tell(
                "no definition has it" if rollout is None else "its slots have upstreams: take them out"
            )
            return self.function, _UNCOUNTED, None
        slot, kind, key = self._assigned(rollout, scope, args, kwargs)
        run = self.function if slot.name == rollout.initial else self.canary
        if run is None:
            return self.function, rollout.stable.series[FALLBACK], key
        row = slot.series[kind]
        if kind == SPLIT and scope.taken is not None:
            scope.taken[row] = slot
        return run, row, key

    def _assigned(
        self, rollout: Rollout, scope: Scope, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> tuple[Slot, int, str | None]:
        asked = rollout.slot(scope.forced.get(rollout.name, "")) if scope.forced else None
        if asked is not None:
            return asked, FORCED, None
        key = None
        if self._user is not None and rollout.sticky is not _NONE:
            key = key_text(self._user(*args, **kwargs))
            if key is None:
                return rollout.stable, FALLBACK, None
        if rollout.match is not None and not rollout.match.holds(key or scope.known(), scope.attributes):
            return rollout.stable, FALLBACK, key
        return *split(rollout, scope, key), key or scope.subject

    def _tell(self, why: str) -> None:
        """Once: definitions may come later than the code that they are for, and calls never stop."""
        if not self._told:
            self._told = True
            _log.warning("rollout %s: %s; %s runs", self.rollout, why, self.function.__qualname__)
            self.runtime.tallies.counters.add(Failed("rollout"))


class Call:
    """One call; `run` is what to call."""

    __slots__ = ("_begun", "_choice", "_key", "_row", "_token", "run")

    def __init__(
        self,
        choice: Choice,
        token: Token[Scope | None] | None,
        run: Callable[..., Any],
        row: int,
        key: str | None,
    ) -> None:
        self._choice, self._token, self.run, self._row, self._key = choice, token, run, row, key
        self._begun = choice.runtime.clock.monotonic()

    def end(self, raised: BaseException | None = None) -> None:
        """Records what came of it.

        Whatever is no `Exception` comes from outside, as the cancellation of a task does.
        """
        runtime = self._choice.runtime
        if self._token is not None:
            # A coroutine that nobody finished may be closed in another context, where there is nothing to undo.
            with suppress(ValueError):
                runtime.scope.reset(self._token)
        if self._row == _UNCOUNTED:
            return
        outcome = _SUCCESS
        if raised is not None and not isinstance(raised, self._choice.ignore):
            outcome = _ERROR if isinstance(raised, Exception) else _CANCELLED
        tallies = runtime.tallies
        record(tallies.local.rows, self._row, outcome, runtime.clock.monotonic() - self._begun)
        if outcome is _ERROR:
            tallies.failed.append((self._row, self._key, outcome))
