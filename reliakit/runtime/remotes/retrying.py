"""Whether a request that got no answer goes to another endpoint."""

from random import random

from reliakit.failover.retries import Attempt, RetryRules, Ruling, backoff, retried
from reliakit.runtime.remotes.reachability import Reachability
from reliakit.upstreams.errors import BadRequest, ConnectFailed, ConnectTimeout, PoolFull, Unanswered

__all__ = ["Retrying"]

_RULES = RetryRules()
_UNREACHED = (ConnectFailed, ConnectTimeout)


class Retrying:
    """The attempts of one upstream.

    Args:
        reachability: of its endpoints.
    """

    def __init__(self, reachability: Reachability) -> None:
        self._reachability = reachability
        self.retries: set[object] = set()
        """One for each retry in flight. A set, since several threads may count."""

    def next(
        self, failed: Unanswered, method: str, tried: list[int], requests: int
    ) -> tuple[int, float] | None:
        """Returns the endpoint to ask instead, and the seconds to wait before; None where there shall be no other attempt.

        Args:
            failed: why there was no answer.
            method: of the request.
            tried: the endpoints that were asked, the last one last.
            requests: in flight to the upstream.
        """
        if isinstance(failed, _UNREACHED):
            self._reachability.refused(tried[-1])
        if isinstance(failed, BadRequest | PoolFull):
            return None
        # The same rule as `may_retry`, with a budget: what was consumed is gone, and what was sent may have acted.
        attempt = Attempt(method, len(tried), sent=failed.acted, body_kept=not failed.consumed)
        if retried(attempt, _RULES, len(self.retries), requests) is not Ruling.RETRY:
            return None
        another = self._reachability.another(tried)
        if another is None:
            return None
        return another, backoff(len(tried), _RULES, random())  # noqa: S311 - a lot, and no secret
