"""What sections say of each other, and the warnings about what is allowed and probably not meant."""

import pytest

from tests.definitions.loaded import loaded, problems

ROLLOUT = """
upstreams: {v2: in_process}
rollouts: {shop: {slots: {blue: {upstream: app}, green: {upstream: v2}}, initial: blue}}
"""


def _warned(text: str) -> list[str]:
    result = loaded(f"format: 1\n{text}")
    assert not result.problems
    return [str(warning).removeprefix("x.yaml:") for warning in result.warnings]


def _unreachable(*routes: str) -> list[int]:
    """The routes that are warned of, by number."""
    told = _warned(
        ROLLOUT + "routes:\n  - {method: TRACE, rollout: shop}\n" + "".join(f"  - {r}\n" for r in routes)
    )
    return [int(each.partition("routes[")[2].partition("]")[0]) for each in told]


def test_a_route_that_can_not_be_reached_is_named_with_the_one_before_it() -> None:
    """Otherwise a canary gets no traffic, and its file looks right."""
    text = (
        ROLLOUT + "routes:\n  - {path_prefix: /, upstream: app}\n  - {path_prefix: /shop/, rollout: shop}\n"
    )
    reason = "this route can't be reached: routes[0] takes everything before it (put the narrower one first)"
    assert _warned(text) == [f"7: warning: routes[1]: {reason}"]


def test_a_rollout_without_a_route_is_named() -> None:
    """Otherwise a release that nobody sees counts as a quiet success."""
    reason = "no route leads to this rollout (add it: routes: [{path_prefix: /, rollout: shop}])"
    assert _warned(ROLLOUT) == [f"4: warning: rollouts.shop: {reason}"]


def test_warnings_come_in_the_order_of_lines() -> None:
    """Otherwise people jump up and down in their file."""
    text = "routes: [{upstream: app}, {host: a.example, upstream: app}]" + ROLLOUT
    assert [each.split(":")[0] for each in _warned(text)] == ["2", "4"]


@pytest.mark.parametrize(
    ("earlier", "later", "covered"),
    [
        ("{}", "{path_prefix: /a}", True),
        ("{path_prefix: /}", "{}", True),
        ("{path_prefix: /a}", "{path_prefix: /a/}", True),
        ("{path_prefix: /a/}", "{path_prefix: /a/b}", True),
        ("{path_prefix: /a}", "{path_prefix: /ab}", False),
        ("{path_prefix: /a/b}", "{path_prefix: /a}", False),
        ("{path_prefix: /a}", "{}", False),
        ("{host: A.example}", "{host: a.example, path_prefix: /a}", True),
        ("{host: a.example}", "{host: b.example}", False),
        ("{host: a.example}", "{}", False),
        ("{method: get}", "{method: GET}", True),
        ("{method: [GET, POST]}", "{method: POST}", True),
        ("{method: GET}", "{method: [GET, POST]}", False),
        ("{method: GET}", "{}", False),
        ("{}", "{method: GET}", True),
        ("{header: {X-A: true}}", "{header: {x-a: '1'}}", True),
        ("{header: {X-A: '1'}}", "{header: {x-a: '1', X-B: true}}", True),
        ("{header: {X-A: '1'}}", "{header: {X-A: true}}", False),
        ("{header: {X-A: '1'}}", "{header: {X-A: '2'}}", False),
        ("{header: {X-A: true}}", "{}", False),
    ],
)
def test_only_what_is_really_covered_is_called_unreachable(earlier: str, later: str, covered: bool) -> None:
    """Otherwise people reorder routes that were right, or learn to ignore warnings."""
    routes = [f"{route[:-1]}{', ' if route != '{}' else ''}upstream: app}}" for route in (earlier, later)]
    assert _unreachable(*routes) == ([2] if covered else [])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("upstreams: {app: in_process}", "2: upstreams.app: `app` is reserved: it is the application that reliakit wraps (take it out; rollouts and routes can name it)"),
        ("upstreams: {shop-v2: in_process}\nroutes: [{upstream: shop_v2}]", '3: routes[0].upstream: there is no upstream "shop_v2" (did you mean "shop-v2"?)'),
        ("routes: [{upstream: web}]", '2: routes[0].upstream: there is no upstream "web" (add it: upstreams: {web: in_process})'),
        ("routes: [{path_prefix: /}]", "2: routes[0]: expected exactly one of rollout and upstream (say where these requests go, as in upstream: app)"),
        ("routes: [{rollout: shop}]", '2: routes[0].rollout: there is no rollout "shop" (define it: rollouts: {shop: …})'),
        ("rollouts: {shop: {slots: {}, initial: a}}", '2: rollouts.shop.slots: expected two slots, got 0 (one for what runs now and one for what is new: {blue: {upstream: app}, green: {upstream: v2}})'),
        ("identity: {targeting_key: [header]}", "2: identity.targeting_key: `header` is a source, but `identity.header` is missing (name it: header: X-User-Id)"),
        ("identity: {header: X-User-Id}", "2: identity.header: a header is believed only from `trusted_proxies`, and there is none (list the addresses of your proxies, such as 10.0.0.0/8)"),
        ("identity: {trusted_proxies: [10.0.0.1/8]}", '2: identity.trusted_proxies[0]: expected an address, a network such as 10.0.0.0/8, or unix, got "10.0.0.1/8" (the network of 10.0.0.1/8 is 10.0.0.0/8)'),
        ("outcomes: {errors: [5xx, 700]}", "2: outcomes.errors[1]: expected a status code such as 503, a class such as 5xx or a range such as 500-504, got 700"),
        ("outcomes: {client_errors: [404-400]}", '2: outcomes.client_errors[0]: expected a status code such as 503, a class such as 5xx or a range such as 500-504, got "404-400"'),
        ("segments: {a: {segment: b}, b: {any: [{segment: a}]}}", "2: segments.b.any[0].segment: segments can't contain themselves: a -> b -> a (take one of the references out)"),
    ],
)  # fmt: skip
def test_a_reference_to_nothing_says_what_to_write(text: str, told: str) -> None:
    """Otherwise a newcomer knows that something is missing and not how it is written."""
    found = problems(text)
    assert told in found
    assert len(found) == 1 + ("slots: {}" in text)
