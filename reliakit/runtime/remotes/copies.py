"""Copies of requests on the WSGI side: as `mirrors`, on a few threads of their own."""

import io
from collections.abc import Callable
from random import random

from reliakit.core.counters import Counters, Met
from reliakit.failover.mirroring import MirrorRules, mirrored
from reliakit.runtime.blocking import DaemonThreads
from reliakit.runtime.remotes.kept_input import KeptInput
from reliakit.upstreams.errors import UpstreamError
from reliakit.upstreams.protocol import Environ

__all__ = ["Copies"]

Copy = Callable[[Environ], None]


class Copies:
    """Copies requests of WSGI.

    Args:
        name: of the upstream whose requests are copied.
        rules: which of them.
        target: sends a copy; returns None where there is nobody to send it to.
        counters: of the process.
    """

    def __init__(
        self, name: str, rules: MirrorRules, target: Callable[[], Copy | None], counters: Counters
    ) -> None:
        self._name, self._rules, self._target, self._counters = name, rules, target, counters
        self.after_fork()

    def after_fork(self) -> None:
        """Forgets threads that are not in this process."""
        self._under_way: set[object] = set()
        self._threads = DaemonThreads()

    def look(self, environ: Environ, body: KeptInput | None) -> Callable[[], None] | None:
        """Returns what sends a copy of a request once it has been answered; None where it is not to be copied."""
        drawn = random()  # noqa: S311 - a lot, and no secret
        if drawn * 100 >= self._rules.percentage:
            return None
        length = _length(environ)
        if not mirrored(self._rules, length, len(self._under_way), drawn) or length is None:
            self._count("dropped")
            return None
        return lambda: self._begin(environ, body, length)

    def _begin(self, environ: Environ, body: KeptInput | None, length: int) -> None:
        whole = b"" if body is None else body.whole(length)
        target = self._target()
        if whole is None or target is None or len(self._under_way) >= self._rules.most:
            self._count("dropped")
            return
        copy = {**environ, "wsgi.input": io.BytesIO(whole), "HTTP_X_RELIAKIT_MIRROR": self._name}
        token = object()
        self._under_way.add(token)
        try:
            self._threads.submit(self._sent, target, copy, token)
        except RuntimeError:  # all of its threads hang
            self._under_way.discard(token)
            self._count("dropped")

    def _sent(self, target: Copy, environ: Environ, token: object) -> None:
        try:
            target(environ)
        except (UpstreamError, OSError):
            self._count("failed")
        else:
            self._count("sent")
        finally:
            self._under_way.discard(token)

    def _count(self, which: str) -> None:
        self._counters.add(Met(self._name, "mirror", which))


def _length(environ: Environ) -> int | None:
    if "HTTP_TRANSFER_ENCODING" in environ:
        return None
    length = environ.get("CONTENT_LENGTH") or "0"
    return int(length) if length.isdigit() and len(length) < 19 else None
