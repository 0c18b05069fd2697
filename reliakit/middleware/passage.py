"""What the shells do, in steps: for frameworks whose own middleware is given requests and responses.

A shell around the application sees more, and is the first choice where it can be had. Some frameworks make a request
before any middleware of theirs runs, and have users who expect a line in the settings.
"""

from asyncio import CancelledError
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Mapping
from contextvars import Token
from pathlib import Path
from typing import Any, TypeVar

from reliakit.core.bucketing import key_text
from reliakit.core.outcome import Outcome
from reliakit.middleware.edge import UNJUDGED
from reliakit.middleware.protocol import APP, Environ
from reliakit.middleware.visit import Visit
from reliakit.middleware.wsgi import Response, WSGIShell
from reliakit.runtime.runtime import Runtime

__all__ = ["Passage", "Passages"]

T = TypeVar("T")


class Passages:
    """Admits the requests of one application.

    Args:
        runtime: of the kit.
        folder: where this host keeps a signing key.
    """

    def __init__(self, runtime: Runtime, folder: Path) -> None:
        self._runtime = runtime
        self._shell = WSGIShell(_inside, runtime, folder, {}, reaching=False)

    @property
    def elsewhere(self) -> frozenset[str]:
        """The upstreams that requests are routed to, and that only a shell around the application can reach."""
        snapshot = self._runtime.snapshot
        rollouts = [snapshot.rollouts[route.rollout] for route in snapshot.routes if route.rollout]
        slots = {slot.upstream for each in rollouts for slot in (each.stable, each.canary)}
        direct = {route.upstream for route in snapshot.routes}
        return frozenset(name for name in direct | slots if name not in (None, APP))

    def admit(self, environ: Environ) -> "Passage":
        """Decides on a request; nothing of it is recorded before `passing`.

        Args:
            environ: method, path, headers and peer of it, by their names in WSGI.
        """
        if self._runtime.dormant:
            self._runtime.wake()
        around = self._runtime.scope.get()
        if isinstance(around, Visit):  # a shell has admitted it, and records it
            return Passage(self._runtime, around, environ, UNJUDGED, shelled=True)
        believed, upstream, series, visit = self._shell.admit(environ)
        return Passage(self._runtime, visit, believed, series if upstream == APP else UNJUDGED)


class Passage:
    """One request on its way through an application.

    Attributes:
        environ: what the application is to see of it: less what only others may send.
    """

    __slots__ = ("_answer", "_edge", "_runtime", "_series", "_shelled", "_token", "_visit", "environ")

    def __init__(
        self, runtime: Runtime, visit: Visit, environ: Environ, series: int, *, shelled: bool = False
    ) -> None:
        self._runtime, self._visit, self.environ = runtime, visit, environ
        self._series, self._shelled = series, shelled
        self._edge = visit.identified, visit.attributes
        self._answer = _Answer(runtime, visit, _inside, environ)
        self._token: Token[Any] | None = None

    @property
    def recognised(self) -> bool:
        """Whether it has mattered who is asking: then the answer is not for everybody."""
        return self._visit.recognised

    @property
    def fresh(self) -> bool:
        """Whether `answered` will give a cookie, as things are."""
        return self._visit.fresh and not self._shelled

    @property
    def asks(self) -> bool:
        """Whether it is still to be found out who is asking, by what `ask` was given."""
        return self._visit.ask is not None

    def ask(self, who: Callable[[], None]) -> None:
        """Has `who` called when the first flag is checked: it finds out who is asking, and calls `found`."""
        self._visit.identify(*self._edge, who)

    def found(self, user: Any, attributes: Mapping[str, Any]) -> None:
        """Says who is asking: a targeting key, or None for whom the edge knows, and attributes for rules."""
        known, others = self._edge
        self._visit.identify(known if user is None else key_text(user), attributes or others)

    def identify(self, user: Any, attributes: Mapping[str, Any]) -> None:
        """Says who is asking, whatever else is known; None says that nobody is signed in."""
        self._visit.identify(key_text(user), attributes)

    def run(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Calls a function, whose flag checks are those of this request where they would be nobody's."""
        scope = self._runtime.scope
        if scope.get() is not None:
            return function(*args, **kwargs)
        token = scope.set(self._visit)
        try:
            return function(*args, **kwargs)
        finally:
            scope.reset(token)

    def passing(self) -> "Passage":
        """Records the request, and makes flag checks those of it, in a `with` block around what works on it.

        An exception counts, and passes on. Where there is none, `answered` belongs inside.
        """
        return self

    # Not by `contextlib`: a generator costs more than all the rest of a request here.
    def __enter__(self) -> "Passage":
        if not self._shelled:
            self._token = self._runtime.scope.set(self._visit)
        if self._series >= 0:
            self._runtime.flights.open[self._answer] = self._series
        return self

    def __exit__(self, kind: type[BaseException] | None, *raised: object) -> None:
        if self._token is not None:
            self._runtime.scope.reset(self._token)
        if kind is not None:
            self._answer.broken(left=issubclass(kind, CancelledError))

    def answered(self, status: int, *, secure: bool) -> str | None:
        """Takes down the status; returns the Set-Cookie header for a visitor who needs one, as text.

        What was answered counts when it is over: by `ended`, or at the end of what `over` and `over_async` return.
        """
        return None if self._shelled else self._answer.latch(status, secure)

    def ended(self, *, left: bool = False) -> None:
        """Says that all of the answer is there, or that the client has `left` before it was."""
        self._answer.finish(raised=False, left=left)

    def over(self, body: Iterable[bytes]) -> Iterable[bytes]:
        """Returns a body in blocks that still is of this request; it has to be closed."""
        return body if self._shelled else self._answer.over(body, None)

    def over_async(self, body: AsyncIterable[bytes]) -> AsyncIterable[bytes]:
        """Returns the same of an asynchronous body; its `close` is not asynchronous."""
        return body if self._shelled else _AsyncBody(body, self._answer)


class _Answer(Response):
    """A response whose status is told by its number."""

    __slots__ = ()

    def latch(self, status: int, secure: bool) -> str | None:
        self._latched = self.visit.snapshot.classify(status)
        return self.visit.set_cookie(secure=secure) if self.visit.fresh else None

    def broken(self, *, left: bool) -> None:
        """The application raised, or was cancelled since the client left."""
        if left:
            self._latched = self._latched or Outcome.CANCELLED
        self.finish(raised=not left, left=left)


class _AsyncBody:
    """The application's asynchronous iterable, with the request's scope around every step of it."""

    __slots__ = ("_answer", "_begun", "_body", "_ended")

    def __init__(self, body: AsyncIterable[bytes], answer: _Answer) -> None:
        self._body, self._answer = aiter(body), answer
        self._begun = self._ended = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        self._begun = True
        scope = self._answer.runtime.scope
        token = scope.set(self._answer.visit)
        try:
            return await anext(self._body)
        except StopAsyncIteration:
            self._ended = True
            raise
        except CancelledError:
            raise  # which `close` makes of it
        except BaseException:
            self._answer.finish(raised=True)
            raise
        finally:
            scope.reset(token)

    def close(self) -> None:
        self._answer.finish(raised=False, left=self._begun and not self._ended)


def _inside(*_: Any) -> Any:
    """Stands where a shell has its application and its server, which are the framework's affair here."""
    raise NotImplementedError
