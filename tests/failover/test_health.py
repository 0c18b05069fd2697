"""What active health checks say of an endpoint."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reliakit.failover.endpoints import EndpointHealth, Status, available, renewed
from reliakit.failover.health import TRANSITIONS, CheckRules, Result, begun, checked, due

_RULES = CheckRules()
_OK, _NO, _NOTHING = Result.PASSED, Result.REFUSED, Result.SILENT


def _after(*results, rules=_RULES):
    check = begun(0.0)
    for result in results:
        check = checked(check, result, rules, check.next, 0.0)
    return check.status


def test_a_new_endpoint_is_checked_at_once_and_its_first_check_decides():
    """Otherwise a fleet takes a minute to start, or sends requests before anybody knows."""
    assert begun(7.0).status is Status.UNKNOWN
    assert due(begun(7.0), 7.0)
    assert (_after(_OK), _after(_NO), _after(_NOTHING)) == (
        Status.HEALTHY,
        Status.UNHEALTHY,
        Status.UNHEALTHY,
    )


def test_an_endpoint_that_is_silent_goes_at_the_third_time():
    """Otherwise one lost packet takes an endpoint out."""
    assert _after(_OK, _NOTHING, _NOTHING) is Status.HEALTHY
    assert _after(_OK, _NOTHING, _NOTHING, _NOTHING) is Status.UNHEALTHY
    assert _after(_OK, _NOTHING, _NOTHING, _OK, _NOTHING, _NOTHING) is Status.HEALTHY


def test_an_endpoint_that_says_no_goes_at_once():
    """Otherwise an endpoint that is shutting down gets requests for three more checks."""
    assert _after(_OK, _NO) is Status.UNHEALTHY


def test_an_endpoint_comes_back_after_two_checks():
    """Otherwise a process that dies right after it has started flickers."""
    assert _after(_NO, _OK) is Status.UNHEALTHY
    assert _after(_NO, _OK, _NOTHING, _OK) is Status.UNHEALTHY
    assert _after(_NO, _OK, _OK) is Status.HEALTHY


def test_checks_come_at_the_interval_and_never_in_step():
    """Otherwise a hundred workers ask one endpoint in the same instant."""
    rules = CheckRules(interval=5.0, jitter=2.0)
    check = checked(begun(0.0), _OK, rules, 10.0, 0.5)
    assert check.next == 16.0
    assert not due(check, 15.9)
    assert due(check, 16.0)


@given(st.lists(st.sampled_from(list(Result))), st.integers(1, 4), st.integers(1, 4))
def test_whatever_comes_the_table_is_followed(results, healthy, unhealthy):
    """Otherwise there is a way in or out that nobody has described."""
    rules, check = CheckRules(healthy_threshold=healthy, unhealthy_threshold=unhealthy), begun(0.0)
    row = list[Result]()
    for result in results:
        before, check = check, checked(check, result, rules, check.next, 0.3)
        against = TRANSITIONS[before.status].get(result)
        row = [*row, result] if against else []
        if check.status is not before.status:
            assert against
            assert check.status is against[0]
            assert len(row) >= rules.needed(against)
            assert check.since == before.next
            row = []
        else:
            assert check.against == len(row)


@pytest.mark.parametrize(
    ("health", "status"),
    [
        (EndpointHealth(), Status.HEALTHY),
        (EndpointHealth(Status.UNKNOWN), Status.UNKNOWN),
        (EndpointHealth(Status.UNHEALTHY, ejected=True), Status.EJECTED),
        (EndpointHealth(ejected=True, draining=True), Status.DRAINING),
    ],
)
def test_people_see_the_one_reason_that_counts(health, status):
    """Otherwise somebody looks for a fault where a colleague has drained."""
    assert health.status is status
    assert health.available == (status is Status.HEALTHY)


def _renewed(health, now, checked=Status.HEALTHY, ejected=False, draining=False):
    return renewed(health, now, checked=checked, ejected=ejected, draining=draining)


@pytest.mark.parametrize(
    "before",
    [EndpointHealth(Status.UNHEALTHY), EndpointHealth(ejected=True), EndpointHealth(draining=True)],
)
def test_whoever_comes_back_starts_slowly(before):
    """Otherwise a process with cold caches gets its full share in its first second."""
    assert _renewed(before, 7.0).joined == 7.0


def test_a_fleet_that_has_just_started_does_not():
    """Otherwise those that were checked first get everything, at their coldest."""
    assert _renewed(EndpointHealth(Status.UNKNOWN), 7.0).joined is None


def test_while_nothing_changes_a_slow_start_goes_on():
    """Otherwise every check begins it anew, and an endpoint never gets its share."""
    joined = _renewed(EndpointHealth(ejected=True), 7.0)
    assert _renewed(joined, 9.0) == joined
    assert not _renewed(joined, 9.0, ejected=True).available
    assert available([joined, _renewed(joined, 9.0, draining=True)]) == 1
