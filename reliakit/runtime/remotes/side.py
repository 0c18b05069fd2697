"""What ASGI and WSGI do alike with requests to an upstream that is elsewhere: whom to ask, and what a failure means."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import random
from typing import Any

from reliakit.core.counters import Counters, Met
from reliakit.core.outcome import FAILURES
from reliakit.core.scope import Scope
from reliakit.failover.balancing import Balancer
from reliakit.failover.circuit import CircuitLimits, Overflow, room_to_connect, room_to_send, room_to_wait
from reliakit.failover.retries import Attempt, RetryRules, Ruling, backoff, retried
from reliakit.runtime.remotes.answers import Answers
from reliakit.runtime.remotes.choosing import Chooser
from reliakit.runtime.remotes.complaints import Complaints
from reliakit.runtime.remotes.refusals import GivenUp, NoEndpoint, Overflowed, status_of
from reliakit.upstreams.errors import BadRequest, ConnectFailed, ConnectTimeout, PoolFull, Unanswered

__all__ = ["Asking", "Side", "Terms"]

_UNREACHED = (ConnectFailed, ConnectTimeout)
_OURS = (BadRequest, PoolFull, NoEndpoint, Overflowed)
"""What no endpoint has done."""
_FINAL = (BadRequest, NoEndpoint, Overflowed)
"""What another endpoint would not do better."""


@dataclass(frozen=True, slots=True)
class Terms:
    """On which an upstream is asked.

    Attributes:
        name: of the upstream.
        balancer: how endpoints take turns; `ring_hash` goes by the targeting key of a request.
        retries: when it is asked again.
        wait: seconds that a repeat waits for room in the budget.
        kept: bytes of a body that are kept for that.
        limits: how much it is asked at once.
        pool: connections to each endpoint.
    """

    name: str
    balancer: Balancer
    retries: RetryRules
    wait: float
    kept: int
    limits: CircuitLimits
    pool: int


@dataclass(slots=True)
class Asking:
    """How far a request has come.

    Attributes:
        method: of it.
        tried: the endpoints that were asked, the last one last.
        kept: whether all that was taken of its body is still at hand.
        refused: how many of them took no connection. Those cost next to nothing, and count as no attempts.
    """

    method: str
    tried: list[int]
    kept: bool = True
    refused: int = 0


class Side:
    """One side of an upstream.

    Args:
        terms: on which it is asked.
        chooser: chooses endpoints.
        answers: where theirs are counted.
        active: requests in flight to each.
        flying: tells how many requests are in flight, with those that wait for another attempt.
        complaints: takes note of requests that got no answer.
        counters: of the process.
        scope: tells the scope of the moment.
        places: the locality of each endpoint; empty where nobody has said any.

    Attributes:
        placed: whether anybody has.
        numbers: one for each endpoint; `next` on it counts a good answer.
        retries: the endpoint of each repeat in flight. A dict, since several threads may count.
    """

    def __init__(
        self,
        terms: Terms,
        chooser: Chooser,
        answers: Answers,
        active: Sequence[int],
        flying: Callable[[], int],
        complaints: Complaints,
        counters: Counters,
        scope: Callable[[], Scope | None],
        places: Sequence[str] = (),
    ) -> None:
        self.terms, self.chooser, self.answers, self.active = terms, chooser, answers, active
        self.numbers = answers.numbers
        self.flying, self._complaints, self._counters, self._scope = flying, complaints, counters, scope
        self._places, self.placed = places, any(places)
        self.retries: dict[object, int] = {}
        self._sticky, self._pool = terms.balancer is Balancer.RING_HASH, terms.pool
        self._soft = min(terms.limits.max_requests, terms.limits.max_connections)

    def choose(self, flying: int) -> int:
        """Returns the endpoint for a request, one of so many in flight.

        Raises:
            NoEndpoint: none may be asked.
            Overflowed: a limit is reached.
        """
        pick = self.chooser.pick
        if pick is None:
            raise NoEndpoint("no endpoint takes requests")
        endpoint = pick(random(), self._key() if self._sticky else None)  # noqa: S311 - a lot, and no secret
        if flying > self._soft or self.active[endpoint] >= self._pool:
            endpoint = self._roomier(endpoint)
            self._look_closer(endpoint, flying)
        return endpoint

    def _roomier(self, endpoint: int) -> int:
        """Returns another one for an endpoint whose connections are all busy: one that hangs has many requests soon."""
        if self.active[endpoint] < self._pool:
            return endpoint
        full = [number for number in range(len(self.active)) if self.active[number] >= self._pool]
        other = self.chooser.another(full)
        return endpoint if other is None else other

    def failed(self, endpoint: int, status: int) -> bool:
        """Counts an answer of 500 or above; tells whether it counts as none."""
        self.answers.failed(endpoint, status)
        return status in self.terms.retries.statuses

    def give_up(self, asking: Asking, status: int) -> None:
        """Gives up an answer that counts as none, where another endpoint may be asked, be it after a while.

        Raises:
            GivenUp: so it is.
        """
        instead = self._instead(asking, _attempt(asking, status=status))
        if not isinstance(instead, Ruling) or instead is Ruling.BUDGET_SPENT:
            raise GivenUp(status)
        self.ruled(instead)

    def instead(self, failed: Unanswered, asking: Asking) -> tuple[int, float] | Ruling:
        """Returns the endpoint to ask instead, and the seconds to wait before; or why there is no other attempt.

        Args:
            failed: why there was no answer.
            asking: how far the request has come.
        """
        if isinstance(failed, _FINAL):
            return Ruling.ANSWERED
        # The same rule as `may_retry`, with a budget: what was consumed is gone, and what was sent may have acted.
        kept = asking.kept or not failed.consumed
        return self._instead(asking, _attempt(asking, sent=failed.acted, body_kept=kept))

    def ruled(self, instead: tuple[int, float] | Ruling) -> None:
        """Counts what came of the question whether there is another attempt."""
        ruling = instead if isinstance(instead, Ruling) else Ruling.RETRY
        if not isinstance(instead, Ruling) and self.placed:
            self.stand(instead[0])
        self._counters.add(Met(self.terms.name, "retry", ruling))

    def stand(self, endpoint: int) -> None:
        """Says where the request of the moment is asked; what counts against its slot stays where that happened."""
        scope = self._scope()
        if scope is not None and scope.earlier is None:
            scope.place = self._places[endpoint]

    def unanswered(self, endpoint: int, failed: Unanswered) -> None:
        """Counts what an endpoint failed at, and against the release that the request is of, whoever answers in the end."""
        if isinstance(failed, _OURS):
            return
        if not isinstance(failed, GivenUp):  # whose answer has counted
            self.answers.failed(endpoint, connected=not isinstance(failed, _UNREACHED))
            self._counters.add(Met(self.terms.name, "failure", failed.reason))
        scope = self._scope()
        if scope is not None:
            outcome = scope.snapshot.classify(status_of(failed))
            if outcome in FAILURES:
                scope.earlier = outcome

    def complain(self, failed: Unanswered) -> None:
        """Has the log say why a request got no answer, now and then."""
        if isinstance(failed, Overflowed | NoEndpoint):
            limit = failed.limit if isinstance(failed, Overflowed) else failed.reason
            self._counters.add(Met(self.terms.name, "rejection", limit))
        self._complaints.about(failed)

    def _key(self) -> str | None:
        scope = self._scope()
        return None if scope is None else scope.subject or scope.key()

    def _look_closer(self, endpoint: int, flying: int) -> None:
        """Holds a request to the limits, where it may be at one."""
        limits, pool = self.terms.limits, self._pool
        requests = [self.active[number] for number in range(len(self.active))]
        pending = sum(max(0, each - pool) for each in requests)
        busy = requests[endpoint] >= pool
        limit = room_to_send(limits, flying - 1)
        limit = limit or (room_to_wait(limits, pending) if busy else None)
        limit = limit or (None if busy else room_to_connect(limits, sum(requests) - pending))
        if limit is not None:
            raise Overflowed(limit, f"{_WORDS[limit]} is {getattr(limits, limit)} for each worker")

    def _repeats(self, another: int | None) -> int:
        """Returns how many repeats stand in the way of one at another endpoint.

        Those that wait for an endpoint from which nobody hears can't overload one that answers. They count where that is
        no better, or all would be repeated where a whole upstream hangs.
        """
        suspects = self.chooser.suspects
        if not suspects or another in suspects:
            return len(self.retries)
        return sum(endpoint not in suspects for endpoint in self.retries.copy().values())

    def _instead(self, asking: Asking, attempt: Attempt) -> tuple[int, float] | Ruling:
        rules = self.terms.retries
        spent = attempt.number >= rules.attempts
        another = self.chooser.afar(asking.tried) if spent else self.chooser.another(asking.tried)
        attempt = replace(attempt, afar=spent and another is not None)
        ruling = retried(attempt, rules, self._repeats(another), self.flying())
        if ruling not in (Ruling.RETRY, Ruling.BUDGET_SPENT):
            return ruling
        if another is None:
            return Ruling.NOWHERE_ELSE
        if ruling is Ruling.BUDGET_SPENT:
            return ruling
        return another, backoff(len(asking.tried), rules, random())  # noqa: S311 - a lot, and no secret


def _attempt(asking: Asking, **how: Any) -> Attempt:
    number = len(asking.tried) - asking.refused
    return Attempt(asking.method, number, **{"body_kept": asking.kept, **how})


_WORDS = {
    Overflow.CONNECTIONS: "limits.connections",
    Overflow.PENDING: "limits.pending",
    Overflow.REQUESTS: "limits.requests",
}
