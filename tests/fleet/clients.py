"""Clients who count what they get, by worker, slot and status, and when."""

import http.client
import json
import random
import threading
import time
from collections import Counter, defaultdict
from contextlib import suppress

from tests.servers.threads import Threads

__all__ = ["Clients"]


class Clients(Threads):
    """Threads that ask one server until the block ends; each answer of a worker is remembered with its time.

    Attributes:
        counts: (slot, status) -> answers.
        broken: requests that got no answer: of them nobody knows whether they were counted.
        seconds: how long each answer took.
    """

    def __init__(self, port: int, threads: int = 4, pause: float = 0.004) -> None:
        super().__init__(threads)
        self._port, self._pause, self._lock = port, pause, threading.Lock()
        self.counts: Counter[tuple[str, int]] = Counter()
        self.broken = 0
        self.seconds: list[float] = []
        self.times: defaultdict[int, list[float]] = defaultdict(list)

    @property
    def answered(self) -> int:
        return sum(self.counts.values())

    def lately(self, pid: int, moment: float, seconds: float) -> int:
        """Returns how many answers a worker gave in so many seconds before a moment, and after it."""
        return sum(when > moment - seconds for when in self.times[pid])

    def _ask(self, number: int) -> None:
        chance = random.Random(number)
        connection: http.client.HTTPConnection | None = None
        while not self._stop.is_set():
            connection = connection or http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
            began = time.monotonic()
            try:
                # A connection for a few requests, so that every worker gets some.
                last = chance.random() < 0.2
                connection.request("GET", "/shop", headers={"Connection": "close"} if last else {})
                response = connection.getresponse()
                body = json.loads(response.read())
            except (OSError, http.client.HTTPException, ValueError):
                with self._lock:
                    self.broken += 1
                connection.close()
                connection = None
                self._stop.wait(0.02)
                continue
            self._note(body, response.status, began)
            if last:
                connection.close()
                connection = None
            self._stop.wait(self._pause)
        with suppress(OSError):
            if connection is not None:
                connection.close()

    def _note(self, body: dict, status: int, began: float) -> None:
        now = time.monotonic()
        with self._lock:
            self.counts[body["slot"], status] += 1
            self.seconds.append(now - began)
            self.times[body["pid"]].append(now)
