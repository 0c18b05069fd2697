"""What is said about upstreams whose health, retries or mirror can't be as they are written."""

import pytest

from tests.definitions.loaded import loaded, problems

_UPSTREAM = 'upstreams: {next: in_process, shop: {endpoints: [{url: "http://10.0.1.5:8000"}], %s}}\nroutes: [{upstream: shop}]'


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("health_check: {}", "2: upstreams.shop.health_check: expected exactly one of http and tcp (write http: /healthz, or tcp: true where nothing answers such a path)"),
        ("health_check: {tcp: true, timeout: 0s}", "2: upstreams.shop.health_check.timeout: expected a duration above 0s (take it out for the default)"),
        ("health_check: {http: /, expected: [up]}", '2: upstreams.shop.health_check.expected[0]: expected a status code such as 503, a class such as 5xx or a range such as 500-504, got "up"'),
        ("retries: {base: 1s}", "2: upstreams.shop.retries.base: the first pause is longer than the longest (let `base` be the shorter one)"),
        ("mirror: {to: shop}", "2: upstreams.shop.mirror.to: an upstream can't be its own mirror (name another one)"),
        ("mirror: {to: next}", '2: upstreams.shop.mirror.to: there is no upstream with endpoints that is called "next" (add it: upstreams: {next: {endpoints: [{url: http://10.0.1.6:8000}]}})'),
        ("balancer: maglev", '2: upstreams.shop.balancer: expected "least_request", "ring_hash" or "round_robin", got "maglev"'),
        ("outlier_detection: {consecutive_5XX: 3}", '2: upstreams.shop.outlier_detection.consecutive_5XX: unknown key "consecutive_5XX" (did you mean "consecutive_5xx"?)'),
    ],
)  # fmt: skip
def test_a_mistake_in_an_upstream_is_told_where_it_is_with_what_to_write(written: str, told: str) -> None:
    """Otherwise people would learn from an outage that nothing was checked, or repeated."""
    assert problems(_UPSTREAM % written) == [told]


def test_an_upstream_that_is_only_a_mirror_is_no_mistake() -> None:
    """Otherwise everybody who mirrors would be warned about it for ever."""
    next_ = 'upstreams: {next: {endpoints: [{url: "http://10.0.1.6:8000"}]}, shop: {endpoints: [{url: "http://10.0.1.5:8000"}], mirror: {to: next}}}'
    found = loaded(f"format: 1\n{next_}\nroutes: [{{upstream: shop}}]")
    assert (found.problems, found.warnings) == ((), ())
