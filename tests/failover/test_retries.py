"""Which requests are sent again, and when."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reliakit.failover.retries import IDEMPOTENT, Attempt, RetryRules, Ruling, backoff, hedged, retried

_RULES = RetryRules()
_GET = Attempt("GET", 1)


def _ruled(attempt, retries=0, requests=10, rules=_RULES):
    return retried(attempt, rules, retries, requests)


def test_what_was_not_answered_is_tried_again():
    """Otherwise a client sees the death of a server that has three siblings."""
    assert _ruled(_GET) is Ruling.RETRY
    assert _ruled(replace(_GET, status=503)) is Ruling.RETRY


@pytest.mark.parametrize("status", [200, 404, 429, 500])
def test_what_was_answered_is_not(status):
    """Otherwise an application's own errors are multiplied."""
    assert _ruled(replace(_GET, status=status)) is Ruling.ANSWERED
    assert _ruled(replace(_GET, begun=True)) is Ruling.ANSWERED


@given(
    st.sampled_from(
        ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "POST", "PATCH", "CONNECT", "get", "X"]
    ),
    st.integers(1, 5),
    st.booleans(),
    st.none() | st.sampled_from([200, 502, 503]),
    st.booleans(),
    st.booleans(),
)
def test_only_what_is_idempotent_or_was_never_sent_is_sent_again(method, number, sent, status, begun, kept):
    """Otherwise an order is placed twice."""
    attempt = Attempt(method, number, sent, status, begun, kept)
    rules = replace(_RULES, hedge_after=0.1)
    if Ruling.RETRY in (_ruled(attempt), hedged(attempt, 1.0, rules, 0, 10)):
        assert not sent or method in IDEMPOTENT
        assert kept
        assert not begun


def test_a_post_that_reached_nobody_is_sent_again():
    """Otherwise a refused connection fails a client for nothing."""
    assert _ruled(Attempt("POST", 1, sent=False)) is Ruling.RETRY
    assert _ruled(Attempt("POST", 1)) is Ruling.NOT_IDEMPOTENT


def test_a_zone_that_was_not_asked_yet_is_asked_whatever_was_tried():
    """Otherwise two zones that fail together take a client down, with a third one that is well."""
    assert _ruled(replace(_GET, number=2)) is Ruling.ATTEMPTS_SPENT
    assert _ruled(replace(_GET, number=2, afar=True)) is Ruling.RETRY
    assert _ruled(replace(_GET, number=5, afar=True), retries=3) is Ruling.BUDGET_SPENT
    assert _ruled(Attempt("POST", 2, afar=True)) is Ruling.NOT_IDEMPOTENT
    assert _ruled(replace(_GET, afar=True), rules=replace(_RULES, attempts=1)) is Ruling.ATTEMPTS_SPENT


def test_a_body_that_was_streamed_away_is_not_sent_again():
    """Otherwise half an upload is sent as if it were the whole."""
    assert _ruled(Attempt("PUT", 1, body_kept=False)) is Ruling.BODY_GONE


def test_attempts_are_counted():
    """Otherwise a request goes round the fleet for ever."""
    assert _ruled(replace(_GET, number=2)) is Ruling.ATTEMPTS_SPENT


@pytest.mark.parametrize(
    ("retries", "requests", "room"),
    [(2, 0, True), (3, 0, False), (3, 15, False), (3, 16, True), (19, 100, True), (20, 100, False)],
)
def test_retries_are_a_fifth_of_the_requests_or_three(retries, requests, room):
    """Otherwise retries double the load of an upstream that breaks under its load."""
    assert _RULES.room(retries, requests) is room
    assert (_ruled(_GET, retries, requests) is Ruling.RETRY) is room
    assert (_ruled(_GET, retries, requests) is Ruling.BUDGET_SPENT) is not room


def test_backoff_grows_from_25_to_250_ms_and_is_jittered_from_nothing():
    """Otherwise all clients of a failed endpoint come back in the same millisecond."""
    longest = [backoff(retry, _RULES, 1.0) for retry in (1, 2, 3, 4, 5, 2_000)]
    assert longest == pytest.approx([0.025, 0.075, 0.175, 0.25, 0.25, 0.25])
    assert backoff(3, _RULES, 0.0) == 0.0
    assert backoff(3, _RULES, 0.5) == pytest.approx(0.0875)


def test_hedging_asks_another_endpoint_once_the_first_is_late():
    """Otherwise one slow endpoint is everybody's slowest percent; or each request is sent twice."""
    rules = replace(_RULES, hedge_after=0.2)
    assert hedged(_GET, 0.3, _RULES, 0, 10) is Ruling.NOT_YET
    assert hedged(_GET, 0.1, rules, 0, 10) is Ruling.NOT_YET
    assert hedged(replace(_GET, begun=True), 0.3, rules, 0, 10) is Ruling.ANSWERED
    assert hedged(_GET, 0.2, rules, 0, 10) is Ruling.RETRY
    assert hedged(replace(_GET, elsewhere=False), 0.2, rules, 0, 10) is Ruling.NOWHERE_ELSE
    assert hedged(replace(_GET, number=2), 0.2, rules, 0, 10) is Ruling.ATTEMPTS_SPENT
    assert hedged(_GET, 0.2, rules, 3, 10) is Ruling.BUDGET_SPENT
    assert hedged(Attempt("POST", 1), 0.2, rules, 0, 10) is Ruling.NOT_IDEMPOTENT
