"""The WSGI shell. It hands the server what the application returned, and learns the end of it from `close`."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from reliakit.core.counters import Failed
from reliakit.core.outcome import FAILURES, Outcome
from reliakit.core.snapshot import Flags
from reliakit.core.tally import record
from reliakit.middleware.edge import UNJUDGED, Edge, introduce, no_header
from reliakit.middleware.guard import check
from reliakit.middleware.overrides import COOKIE
from reliakit.middleware.protocol import APP, Environ, StartResponse, WSGIApp
from reliakit.middleware.visit import Visit
from reliakit.runtime.runtime import Runtime

__all__ = ["Response", "WSGIShell"]

_log = logging.getLogger("reliakit")
# Members of an enumeration are looked up slowly; the request path has them at hand.
_ERROR, _CANCELLED = Outcome.ERROR, Outcome.CANCELLED
_WHOLE = frozenset((list, tuple))
"""Bodies that are there when the application returns: nothing of it runs later, so they count at once and go to the
server as they are."""

Admission = tuple[Environ, str, int, Visit]
"""What the application is called with, the upstream, the tally's row or UNJUDGED, who is asking."""


class WSGIShell:
    """Wraps a WSGI application.

    Args:
        app: the application; the upstream `app`.
        runtime: of the kit.
        folder: where this host keeps a signing key.
        upstreams: other applications in this process, by upstream name.
        identify: gives the targeting key of a request, from its WSGI environ; None where it can't.
        reaching: whether it calls upstreams that are elsewhere.
    """

    def __init__(
        self,
        app: WSGIApp,
        runtime: Runtime,
        folder: Path,
        upstreams: Mapping[str, WSGIApp],
        identify: Callable[[Environ], Any] | None = None,
        *,
        reaching: bool = True,
    ) -> None:
        self._apps: dict[str, WSGIApp] = {APP: app, **upstreams}
        self._runtime, self._identify = runtime, identify
        self._enter, self._leave = runtime.scope.set, runtime.scope.reset
        ready = frozenset(self._apps)
        runtime.serving.append(ready)
        if reaching:
            runtime.remotes.use("wsgi")
        self._use(Edge(runtime.snapshot, folder, ready, runtime.remotes.ready))

    def _use(self, edge: Edge) -> Edge:
        self._edge = edge
        self._guarded = tuple(_variable(name) for name in edge.guarded)
        return edge

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        runtime = self._runtime
        if runtime.dormant:
            runtime.wake()
        environ, upstream, series, visit = self.admit(environ)
        response = Response(runtime, visit, start_response, environ)
        if series >= 0:
            runtime.flights.open[response] = series
        token = self._enter(visit)
        try:
            app = self._apps.get(upstream)
            if app is None:
                app = visit.snapshot.upstreams[upstream].wsgi
            body = app(environ, response.start)
        except BaseException:
            response.finish(raised=True)
            raise
        finally:
            self._leave(token)
        if type(body) in _WHOLE:
            response.finish(raised=False)
            return body
        return response.over(body, environ.get("wsgi.file_wrapper"))

    def admit(self, environ: Environ) -> Admission:
        """Decides on a request. Whatever goes wrong in that, the application gets it, less what may be forged."""
        outside = self._runtime.outside
        try:
            edge = self._edge
            if edge.snapshot is not outside.snapshot:
                edge = self._use(edge.renewed(outside.snapshot))
            cookies = environ.get("HTTP_COOKIE", "")
            if COOKIE in cookies:
                return self._careful(edge, outside.flags, environ, cookies)
            for name in self._guarded:
                if name in environ:
                    return self._careful(edge, outside.flags, environ, cookies)
            visit = Visit(outside.snapshot, outside.flags, edge.cookie, cookies)
            return self._routed(edge, environ, visit)
        except Exception:
            _log.exception("the request goes to the application undecided")
            self._runtime.tallies.counters.add(Failed("admission"))
            environ = {name: value for name, value in environ.items() if name not in self._guarded}
            return environ, APP, UNJUDGED, self._edge.visit(outside.flags, "")

    def _careful(self, edge: Edge, flags: Flags, environ: Environ, cookies: str) -> Admission:
        """Admits a request that carries something which only some may send."""
        names = {_variable(name): name for name in (*edge.guarded, "cookie")}
        sent = [(name, environ[variable]) for variable, name in names.items() if variable in environ]
        checked = check(edge, sent, cookies, environ.get("REMOTE_ADDR") or None)
        kept = {_variable(name): value for name, value in checked.headers}
        rest = {variable: value for variable, value in environ.items() if variable not in names}
        visit = edge.visit(flags, checked.cookies, checked.carried, checked.forced)
        return self._routed(edge, {**rest, **kept}, visit)

    def _routed(self, edge: Edge, environ: Environ, visit: Visit) -> Admission:
        if self._identify is not None:
            introduce(visit, self._identify, environ, self._runtime.tallies.counters)
        if not edge.snapshot.routes:
            return environ, APP, UNJUDGED, visit
        header = no_header if edge.by_path else partial(_header, environ)
        upstream, series = edge.route(environ["REQUEST_METHOD"], _path(environ), header, visit)
        return environ, upstream, series, visit


def _path(environ: Environ) -> str:
    """Returns the path as text; WSGI has its bytes, each as one character."""
    path: str = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    return path if path.isascii() else path.encode("latin-1").decode("utf-8", "replace")


def _header(environ: Environ, name: str) -> str | None:
    return environ.get(_variable(name))


def _variable(header: str) -> str:
    name = header.upper().replace("-", "_")
    return name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{name}"


class Response:
    """One response, from the status line to the server's `close`."""

    __slots__ = ("_environ", "_latched", "_start", "begun", "runtime", "visit")

    def __init__(self, runtime: Runtime, visit: Visit, start: StartResponse, environ: Environ) -> None:
        self.runtime, self.visit = runtime, visit
        self._start, self._environ = start, environ
        self._latched: Outcome | None = None
        self.begun = runtime.clock.monotonic()

    @property
    def unanswered(self) -> bool:
        """Whether the request waits for the start of its response."""
        return self._latched is None

    def start(self, status: str, headers: list[tuple[str, str]], *error: Any) -> Callable[[bytes], object]:
        self._latched = self.visit.snapshot.classify(int(status[:3]))
        if self.visit.fresh:
            secure = self._environ["wsgi.url_scheme"] == "https"
            headers = [*headers, ("Set-Cookie", self.visit.set_cookie(secure=secure))]
        return self._start(status, headers, *error)

    def over(self, body: Iterable[bytes], file_wrapper: Any) -> Iterable[bytes]:
        """Returns what the server iterates over.

        A file wrapper goes to the server as it is: wrapped once more it could not be sent by the kernel. Its end is
        not seen then, so it counts when it is handed over.
        """
        if isinstance(file_wrapper, type) and isinstance(body, file_wrapper):
            self.finish(raised=False)
            return body
        return (_SizedBody if hasattr(body, "__len__") else _Body)(body, self)

    def finish(self, *, raised: bool, left: bool = False) -> None:
        """Records the outcome, once; not of what was overdue, or belongs to no rollout."""
        row = self.runtime.flights.open.pop(self, None)
        if row is None:
            return
        seconds = self.runtime.clock.monotonic() - self.begun
        outcome = self._latched
        if self.visit.earlier is not None:
            outcome = self.visit.earlier
        elif outcome is None or raised:
            outcome = _ERROR
        elif left and outcome is not _ERROR:
            outcome = _CANCELLED
        if self.visit.place is not None:
            row = self.visit.row(row)
        tallies = self.runtime.tallies
        record(tallies.local.rows, row, outcome, seconds)
        if outcome in FAILURES:
            tallies.failed.append((row, self.visit.subject, outcome))


class _Body:
    """The application's iterable, with the request's scope around every step of it."""

    __slots__ = ("_body", "_ended", "_iterator", "_response")

    def __init__(self, body: Iterable[bytes], response: Response) -> None:
        self._body, self._response = body, response
        self._iterator: Iterator[bytes] | None = None
        self._ended = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        scope = self._response.runtime.scope
        token = scope.set(self._response.visit)
        try:
            if self._iterator is None:
                self._iterator = iter(self._body)
            return next(self._iterator)
        except StopIteration:
            self._ended = True
            raise
        except BaseException:
            self._response.finish(raised=True)
            raise
        finally:
            scope.reset(token)

    def close(self) -> None:
        try:
            close = getattr(self._body, "close", None)
            if close is not None:
                self._within(close)
        finally:
            self._response.finish(raised=False, left=self._iterator is not None and not self._ended)

    def _within(self, close: Callable[[], object]) -> None:
        """Frameworks run what is to happen after a response when it is closed; it may check flags too."""
        scope = self._response.runtime.scope
        token = scope.set(self._response.visit)
        try:
            close()
        finally:
            scope.reset(token)


class _SizedBody(_Body):
    """One that says how many blocks it has; servers that see `__len__` call it, so no other may have it."""

    __slots__ = ()

    def __len__(self) -> int:
        return len(self._body)  # type: ignore[arg-type]
