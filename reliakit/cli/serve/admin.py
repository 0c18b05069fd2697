"""The admin endpoints: health, readiness, status and metrics of the whole set, answered by its supervisor."""

import asyncio
import json
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from reliakit.cli.metrics import exposed
from reliakit.cli.printing import Failure
from reliakit.cli.serve.supervisor import Supervisor
from reliakit.cli.status import reported
from reliakit.errors import ReliakitError
from reliakit.middleware.metrics import MetricsASGI
from reliakit.middleware.protocol import Connection, Receive, Send
from reliakit.runtime.remotes.asgi import respond
from reliakit.runtime.remotes.problems import NO_ROUTE, Answer, problem

__all__ = ["Admin"]


class Admin:
    """An ASGI application.

    Args:
        supervisor: that is asked about its workers.
        file: of the definitions.
        store: its URL; None for what the definitions say.
    """

    def __init__(self, supervisor: Supervisor, file: Path, store: str | None) -> None:
        self._supervisor, self._file, self._store = supervisor, file, store
        # One thread: each question opens the store, and curious people shall not open it many times at once.
        self._threads = ThreadPoolExecutor(1, "reliakit-admin")
        self._metrics = MetricsASGI(self._exposed)

    async def __call__(self, connection: Connection, receive: Receive, send: Send) -> None:
        if connection["type"] != "http":
            raise ValueError("the admin endpoints speak HTTP alone")
        path, method = connection["path"], connection["method"]
        if path == "/-/metrics":
            await self._metrics(connection, receive, send)
        elif method not in ("GET", "HEAD"):
            await respond(problem(405, "read_only"), connection, send)
        elif path == "/-/status":
            await respond(await self._status(), connection, send)
        elif path in ("/-/health", "/-/ready"):
            await respond(self._fit(ready=path == "/-/ready"), connection, send)
        else:
            await respond(problem(404, NO_ROUTE), connection, send)

    def _fit(self, *, ready: bool) -> Answer:
        workers = self._workers()
        fit = [each for each in workers if each["ready" if ready else "serves"]]
        good = bool(fit) and not (ready and self._supervisor.stopping)
        word = ("ready" if ready else "healthy") if good else ("not ready" if ready else "unhealthy")
        return _json(200 if good else 503, {"status": word, **self._myself(), "workers": workers})

    async def _status(self) -> Answer:
        loop = asyncio.get_running_loop()
        own = {**self._myself(), "replaced": self._supervisor.replaced, "workers": self._workers()}
        try:
            shared = await loop.run_in_executor(self._threads, reported, self._file, self._store)
        except (Failure, ReliakitError) as failed:
            shared = {"problems": [getattr(failed, "message", str(failed))]}
        return _json(200, {"gateway": own, **shared})

    def _exposed(self) -> "Future[str]":
        return self._threads.submit(_asked, lambda: exposed(self._file, self._store))

    def _workers(self) -> list[dict[str, Any]]:
        generation = self._supervisor.generation
        return [
            {"pid": each.pid, "serves": each.serves, **each.said, "ready": each.ready}
            for each in (generation.workers if generation else ())
        ]

    def _myself(self) -> dict[str, Any]:
        return {"answered_by": {"role": "supervisor", "pid": os.getpid()}}


def _asked(ask: Callable[[], str]) -> str:
    try:
        return ask()
    except Failure as failed:  # for people at a terminal; here it is one of ours like the others
        raise ReliakitError(failed.message) from failed


def _json(status: int, content: dict[str, Any]) -> Answer:
    body = json.dumps(content, default=str).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
    ]
    return status, headers, body
