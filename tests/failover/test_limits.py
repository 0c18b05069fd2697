"""What an upstream is spared: circuit limits, mirrors, and drains."""

import pytest

from reliakit.failover.circuit import CircuitLimits, Overflow, room_to_connect, room_to_send, room_to_wait
from reliakit.failover.draining import Drained, Flight, drained
from reliakit.failover.mirroring import MirrorRules, mirrored


def test_each_limit_refuses_the_first_that_is_too_much():
    """Otherwise a slow upstream takes all memory of whoever waits for it."""
    limits = CircuitLimits(2, 3, 4)
    assert (room_to_connect(limits, 1), room_to_connect(limits, 2)) == (None, Overflow.CONNECTIONS)
    assert (room_to_wait(limits, 2), room_to_wait(limits, 3)) == (None, Overflow.PENDING)
    assert (room_to_send(limits, 3), room_to_send(limits, 4)) == (None, Overflow.REQUESTS)


def test_one_connection_is_always_allowed():
    """Otherwise a limit of nought waits for a connection that never comes."""
    assert room_to_connect(CircuitLimits(max_connections=0), 0) is None


def test_mirroring_takes_its_share_of_small_requests_while_there_is_room():
    """Otherwise copies fill the memory of whoever serves the real ones."""
    rules = MirrorRules(10.0, most=2, largest=100)
    assert mirrored(rules, 100, 1, 0.09)
    assert not mirrored(rules, 100, 1, 0.1)
    assert not mirrored(rules, 100, 2, 0.0)
    assert not mirrored(rules, 101, 0, 0.0)
    assert not mirrored(rules, None, 0, 0.0)


@pytest.mark.parametrize(
    ("requests", "elapsed", "how"),
    [
        (3, 0.0, Drained.WAITING),
        (0, 0.0, Drained.EMPTY),
        (None, 1.0, Drained.WAITING),
        (3, 30.0, Drained.TIMED_OUT),
        (None, 30.0, Drained.TIMED_OUT),
        (0, 99.0, Drained.EMPTY),
    ],
)
def test_a_drain_waits_for_requests_in_flight_and_for_workers_who_have_not_heard_of_it(
    requests, elapsed, how
):
    """Otherwise an endpoint is stopped under a client's request, or a lost worker stops every deploy."""
    assert drained(Flight(requests), elapsed, 30.0) is how
