"""The ASGI shell: http, websocket and lifespan.

It adds nothing to what passes but a cookie for visitors who need one, and takes nothing away but headers that only
others may send.
"""

import logging
from asyncio import CancelledError
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from reliakit.core.counters import Failed
from reliakit.core.outcome import FAILURES
from reliakit.core.snapshot import Flags
from reliakit.core.tally import record
from reliakit.middleware.edge import UNJUDGED, Edge, introduce, no_header
from reliakit.middleware.exchange import Exchange
from reliakit.middleware.guard import check
from reliakit.middleware.lifespan import Lifespans
from reliakit.middleware.overrides import COOKIE
from reliakit.middleware.protocol import APP, ASGIApp, Connection, Receive, Send
from reliakit.middleware.visit import Visit
from reliakit.runtime.runtime import Runtime

__all__ = ["ASGIShell"]

_log = logging.getLogger("reliakit")
_COOKIE = b"cookie"
_SERVED = frozenset({"http", "websocket"})

Admission = tuple[Connection, str, int, Visit]
"""What the application is called with, the upstream, the tally's row or UNJUDGED, who is asking."""


class ASGIShell:
    """Wraps an ASGI application.

    Args:
        app: the application; the upstream `app`.
        runtime: of the kit.
        folder: where this host keeps a signing key.
        upstreams: other applications in this process, by upstream name.
        identify: gives the targeting key of a connection, from its ASGI scope; None where it can't.
    """

    def __init__(
        self,
        app: ASGIApp,
        runtime: Runtime,
        folder: Path,
        upstreams: Mapping[str, ASGIApp],
        identify: Callable[[Connection], Any] | None = None,
    ) -> None:
        self._apps: dict[str, ASGIApp] = {APP: app, **upstreams}
        self._runtime, self._identify = runtime, identify
        self._lifespans = Lifespans(self._apps)
        self._now, self._local = runtime.clock.monotonic, runtime.tallies.local
        self._open, self._landed = runtime.flights.open, runtime.flights.open.pop
        runtime.serving.append(self._lifespans.ready)
        runtime.remotes.use("asgi")
        self._enter, self._leave = runtime.scope.set, runtime.scope.reset
        self._use(Edge(runtime.snapshot, folder, self._lifespans.ready, runtime.remotes.ready))

    def _use(self, edge: Edge) -> Edge:
        self._edge = edge
        self._watched = frozenset({_COOKIE, *(name.encode("latin-1") for name in edge.guarded)})
        return edge

    async def __call__(self, connection: Connection, receive: Receive, send: Send) -> None:
        runtime = self._runtime
        if runtime.dormant:
            runtime.wake()
        if connection["type"] not in _SERVED:
            await self._other(connection, receive, send)
            return
        connection, upstream, series, visit = self._admit(connection)
        exchange = Exchange(receive, send, visit, self._now, connection)
        if series >= 0:
            self._open[exchange] = series
        raised = cancelled = False
        token = self._enter(visit)
        try:
            app = self._apps.get(upstream)
            if app is None:
                app = visit.snapshot.upstreams[upstream].asgi
            await app(connection, exchange.receive, exchange.send)
        except CancelledError:
            cancelled = True
            raise
        except BaseException:
            raised = True
            raise
        finally:
            self._leave(token)
            # What has landed already was overdue, and has counted.
            if series >= 0 and self._landed(exchange, UNJUDGED) >= 0:
                if visit.place is not None:
                    series = visit.row(series)
                outcome, seconds = exchange.outcome(raised, cancelled)
                record(self._local.rows, series, outcome, seconds)
                if outcome in FAILURES:
                    self._runtime.tallies.failed.append((series, visit.subject, outcome))

    async def _other(self, connection: Connection, receive: Receive, send: Send) -> None:
        if connection["type"] == "lifespan":
            await self._lifespans.run(connection, receive, send, self._runtime.stop)
        else:
            await self._apps[APP](connection, receive, send)

    def _admit(self, connection: Connection) -> Admission:
        """Decides on a connection. Whatever goes wrong in that, the application gets it, less what may be forged."""
        outside = self._runtime.outside
        try:
            edge = self._edge
            if edge.snapshot is not outside.snapshot:
                edge = self._use(edge.renewed(outside.snapshot))
            cookies, believed, watched = "", True, self._watched
            for name, value in connection["headers"]:
                if name in watched:
                    if name != _COOKIE or cookies:
                        believed = False
                        break
                    cookies = value.decode("latin-1")
            if believed and COOKIE not in cookies:
                visit = Visit(outside.snapshot, outside.flags, edge.cookie, cookies)
            else:
                connection, visit = self._checked(edge, outside.flags, connection)
            if self._identify is not None:
                introduce(visit, self._identify, connection, self._runtime.tallies.counters)
            if not outside.snapshot.routes:
                return connection, APP, UNJUDGED, visit
            header = no_header if edge.by_path else partial(_header, connection)
            method = connection.get("method", "GET")
            upstream, series = edge.route(method, connection["path"], header, visit)
            if upstream != APP and upstream in self._apps:
                connection = self._lifespans.connection(upstream, connection)
            return connection, upstream, series, visit
        except Exception:
            _log.exception("the request goes to the application undecided")
            self._runtime.tallies.counters.add(Failed("admission"))
            forgeable = self._watched - {_COOKIE}
            headers = [pair for pair in connection["headers"] if pair[0] not in forgeable]
            return {**connection, "headers": headers}, APP, UNJUDGED, self._edge.visit(outside.flags, "")

    def _checked(self, edge: Edge, flags: Flags, connection: Connection) -> tuple[Connection, Visit]:
        """Sorts out a connection that may carry something which only some may send."""
        sent = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in connection["headers"]]
        cookies = "; ".join(value for name, value in sent if name == "cookie")
        client = connection.get("client")
        checked = check(edge, sent, cookies, client[0] if client else None)
        if checked.headers != sent:
            headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in checked.headers]
            connection = {**connection, "headers": headers}
        return connection, edge.visit(flags, checked.cookies, checked.carried, checked.forced)


def _header(connection: Connection, name: str) -> str | None:
    wanted = name.encode("latin-1")
    return next((value.decode("latin-1") for found, value in connection["headers"] if found == wanted), None)
