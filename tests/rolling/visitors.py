"""Clients of a gateway, to whom every request counts."""

import http.client
import threading
from collections import Counter

from tests.servers.threads import Threads

__all__ = ["Visitors"]


class Visitors(Threads):
    """Threads that ask until the block ends: GET and POST in turn.

    Attributes:
        counts: (method, status, version) -> answers; status 0 where there was none.
    """

    def __init__(self, port: int, threads: int = 4, pause: float = 0.01) -> None:
        super().__init__(threads)
        self._port, self._pause, self._lock = port, pause, threading.Lock()
        self.counts: Counter[tuple[str, int, str]] = Counter()

    @property
    def lost(self) -> dict[tuple[str, int, str], int]:
        """What was not answered with 200."""
        return {each: count for each, count in self.counts.items() if each[1] != 200}

    def of(self, version: str) -> int:
        """Returns how many answers a version gave."""
        return sum(count for (_, _, which), count in self.counts.items() if which == version)

    def _ask(self, number: int) -> None:
        while not self._stop.is_set():
            number += 1
            method = ("GET", "POST")[number % 2]
            status, version = self._answer(method)
            with self._lock:
                self.counts[method, status, version] += 1
            self._stop.wait(self._pause)

    def _answer(self, method: str) -> tuple[int, str]:
        # A connection for each request, so that every worker gets some.
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        try:
            connection.request(method, "/shop", headers={"Connection": "close"})
            response = connection.getresponse()
            return response.status, response.read().decode()
        except (OSError, http.client.HTTPException):
            return 0, ""
        finally:
            connection.close()
