"""How a request ends that was sent nowhere, or whose answer is given up for another one."""

from reliakit.failover.circuit import Overflow
from reliakit.upstreams.errors import Unanswered

__all__ = ["GivenUp", "NoEndpoint", "Overflowed", "status_of"]


class NoEndpoint(Unanswered):
    """No endpoint may be asked: all of them drain, or none is well and panic is off."""

    status, reason = 503, "no_endpoint"


class Overflowed(Unanswered):
    """So much is under way that nothing may be added.

    Args:
        limit: that was reached.
        why: for people.
    """

    status, reason = 503, "overflow"

    def __init__(self, limit: Overflow, why: str) -> None:
        super().__init__(why)
        self.limit = limit


class GivenUp(Unanswered):
    """An endpoint answered that it can't, and another one is asked.

    Args:
        answered: the status.
    """

    reason = "given_up"

    def __init__(self, answered: int) -> None:
        super().__init__(f"it answered {answered}, and no other endpoint could be asked in time", acted=True)
        self.answered = answered


def status_of(failed: Unanswered) -> int:
    """Returns the status to answer with."""
    return failed.answered if isinstance(failed, GivenUp) else failed.status
