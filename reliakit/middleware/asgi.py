"""The ASGI shell: http, websocket and lifespan.

It adds nothing to what passes but a cookie for visitors who need one, and takes nothing away but headers that only
others may send.
"""

import logging
from asyncio import CancelledError
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from reliakit.core.bucketing import key_text
from reliakit.core.scope import NOTHING
from reliakit.core.snapshot import Flags
from reliakit.core.tally import record
from reliakit.middleware.edge import UNJUDGED, Edge
from reliakit.middleware.exchange import Exchange
from reliakit.middleware.guard import check
from reliakit.middleware.lifespan import Lifespans
from reliakit.middleware.overrides import COOKIE, Forced
from reliakit.middleware.protocol import APP, ASGIApp, Connection, Receive, Send
from reliakit.middleware.visit import Visit
from reliakit.runtime.runtime import Runtime

__all__ = ["ASGIShell"]

_log = logging.getLogger("reliakit")
_COOKIE = b"cookie"
_SECURE = ("https", "wss")

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
        self._apps = {APP: app, **upstreams}
        self._runtime, self._identify = runtime, identify
        self._lifespans = Lifespans(self._apps)
        self._use(Edge(runtime.snapshot, folder, self._lifespans.ready))

    def _use(self, edge: Edge) -> Edge:
        self._edge = edge
        self._watched = frozenset({_COOKIE, *(name.encode("latin-1") for name in edge.guarded)})
        return edge

    async def __call__(self, connection: Connection, receive: Receive, send: Send) -> None:
        if self._runtime.dormant:
            self._runtime.wake()
        kind = connection["type"]
        if kind == "http" or kind == "websocket":
            await self._serve(connection, receive, send)
        elif kind == "lifespan":
            await self._lifespans.run(connection, receive, send, self._runtime.stop)
        else:
            await self._apps[APP](connection, receive, send)

    async def _serve(self, connection: Connection, receive: Receive, send: Send) -> None:
        runtime = self._runtime
        connection, upstream, series, visit = self._admit(connection)
        secure = connection.get("scheme") in _SECURE
        exchange = Exchange(receive, send, visit, runtime.clock.monotonic, secure)
        raised = cancelled = False
        token = runtime.scope.set(visit)
        try:
            await self._apps[upstream](connection, exchange.receive, exchange.send)
        except CancelledError:
            cancelled = True
            raise
        except BaseException:
            raised = True
            raise
        finally:
            runtime.scope.reset(token)
            if series >= 0:
                outcome, seconds = exchange.outcome(raised, cancelled)
                record(runtime.tallies.local.tally, series, outcome, seconds)

    def _admit(self, connection: Connection) -> Admission:
        """Decides on a connection; whatever goes wrong in that, the application gets it as it came."""
        outside = self._runtime.outside
        try:
            edge = self._edge
            if edge.snapshot is not outside.snapshot:
                edge = self._use(edge.renewed(outside.snapshot))
            cookies, guarded, watched = "", False, self._watched
            for name, value in connection["headers"]:
                if name in watched:
                    if name == _COOKIE:
                        cookies = (
                            f"{cookies}; {value.decode('latin-1')}" if cookies else value.decode("latin-1")
                        )
                    else:
                        guarded = True
            if guarded or COOKIE in cookies:
                return self._careful(edge, outside.flags, connection, cookies)
            return self._routed(edge, connection, edge.visit(outside.flags, cookies), None)
        except Exception:
            _log.exception("the request goes to the application as it came")
            self._runtime.tallies.add(("fault", "admission"))
            return connection, APP, UNJUDGED, self._edge.visit(outside.flags, "")

    def _careful(self, edge: Edge, flags: Flags, connection: Connection, cookies: str) -> Admission:
        """Admits a connection that carries something which only some may send."""
        sent = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in connection["headers"]]
        client = connection.get("client")
        checked = check(edge, sent, cookies, client[0] if client else None)
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in checked.headers]
        visit = edge.visit(flags, checked.cookies, checked.carried, checked.forced)
        return self._routed(edge, {**connection, "headers": headers}, visit, checked.forced)

    def _routed(self, edge: Edge, connection: Connection, visit: Visit, forced: Forced | None) -> Admission:
        if self._identify is not None:
            visit.identify(key_text(self._identify(connection)), NOTHING)
        if not edge.snapshot.routes:
            return connection, APP, UNJUDGED, visit

        def header(name: str) -> str | None:
            wanted = name.encode("latin-1")
            return next(
                (value.decode("latin-1") for found, value in connection["headers"] if found == wanted), None
            )

        upstream, series = edge.route(
            connection.get("method", "GET"), connection["path"], header, visit, forced
        )
        if upstream == APP:
            return connection, APP, series, visit
        return self._lifespans.connection(upstream, connection), upstream, series, visit
