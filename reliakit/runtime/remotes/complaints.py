"""Logs why an upstream gives no answers: the first time, and then now and then how often, so that no outage fills a disk."""

import logging

from reliakit.clock import Clock
from reliakit.upstreams.errors import BadRequest, Unanswered

__all__ = ["Complaints"]

_log = logging.getLogger("reliakit")
_EVERY = 10.0


class Complaints:
    """What one upstream fails at. Counts may lose one where threads meet, which a log can bear.

    Args:
        name: of the upstream.
        clock: of the process.
    """

    def __init__(self, name: str, clock: Clock) -> None:
        self._name, self._clock = name, clock
        self._since: dict[str, float] = {}
        self._unsaid: dict[str, int] = {}

    def about(self, failed: Unanswered) -> None:
        """Takes note of a request that got no answer, unless that is its client's own fault."""
        if isinstance(failed, BadRequest):
            return
        reason, now = failed.reason, self._clock.monotonic()
        if now - self._since.get(reason, -_EVERY) < _EVERY:
            self._unsaid[reason] = self._unsaid.get(reason, 0) + 1
            return
        self._since[reason] = now
        unsaid = self._unsaid.pop(reason, 0)
        also = f" (and {unsaid} times before)" if unsaid else ""
        _log.warning("upstream %s: %s: %s%s", self._name, reason, failed, also)
