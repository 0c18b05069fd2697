"""What one section says of another: names that must exist, addresses and codes that must be readable."""

from collections.abc import Generator, Iterator, Sequence
from ipaddress import ip_network

from reliakit.core.routes import Route, covers
from reliakit.definitions.models import Definitions, RolloutSection, RouteSection
from reliakit.definitions.operating import operating_problems
from reliakit.definitions.outcomes import status_codes
from reliakit.definitions.problems import Path, Problem, describe, suggestion
from reliakit.definitions.quantities import seconds
from reliakit.definitions.references_rollouts import rollout_problems, rollout_warnings, without_upstream
from reliakit.definitions.routes import route_of
from reliakit.definitions.upstreams import listen_problems, upstream_problems, upstream_warnings

__all__ = ["APP", "section_problems", "warnings"]

APP = "app"
"""The upstream that always exists: the application that reliakit wraps."""


def section_problems(definitions: Definitions) -> Iterator[Problem]:
    """Yields the problems of identity, outcomes, upstreams, rollouts, routes, the gateway, the store and notices."""
    yield from _identity(definitions)
    yield from operating_problems(definitions)
    yield from upstream_problems(definitions)
    yield from listen_problems(definitions.listen)
    for name in ("errors", "client_errors"):
        for index, written in enumerate(getattr(definitions.outcomes, name)):
            if not status_codes(written):
                expected = "a status code such as 503, a class such as 5xx or a range such as 500-504"
                yield Problem(("outcomes", name, index), f"expected {expected}, got {describe(written)}")
    if seconds(definitions.outcomes.timeout) <= 0:
        hint = "60s is usual: longer than any answer may take to begin"
        yield Problem(("outcomes", "timeout"), "expected a duration above 0s", hint)
    for name, rollout in definitions.rollouts.items():
        yield from _rollout(name, rollout, definitions)
    for index, route in enumerate(definitions.routes):
        yield from _route(index, route, definitions)
    if APP in definitions.upstreams:
        message = "`app` is reserved: it is the application that reliakit wraps"
        yield Problem(("upstreams", APP), message, "take it out; rollouts and routes can name it")


def _identity(definitions: Definitions) -> Iterator[Problem]:
    identity = definitions.identity
    if "header" in identity.targeting_key and identity.header is None:
        hint = "name it: header: X-User-Id"
        yield Problem(
            ("identity", "targeting_key"), "`header` is a source, but `identity.header` is missing", hint
        )
    if identity.header and not identity.trusted_proxies:
        hint = "list the addresses of your proxies, such as 10.0.0.0/8"
        yield Problem(
            ("identity", "header"),
            "a header is believed only from `trusted_proxies`, and there is none",
            hint,
        )
    for index, written in enumerate(identity.trusted_proxies):
        if written != "unix" and not _is_network(written):
            expected = "an address, a network such as 10.0.0.0/8, or unix"
            path = ("identity", "trusted_proxies", index)
            yield Problem(path, f"expected {expected}, got {describe(written)}", _network_of(written))


def _network_of(written: str) -> str | None:
    """The hint for an address of a host where that of its network belongs."""
    try:
        return f"the network of {written} is {ip_network(written, strict=False)}"
    except ValueError:
        return None


def _is_network(written: str) -> bool:
    try:
        ip_network(written)
    except ValueError:
        return False
    return True


def _rollout(name: str, rollout: RolloutSection, definitions: Definitions) -> Iterator[Problem]:
    path: Path = ("rollouts", name)
    if len(rollout.slots) != 2:
        hint = "one for what runs now and one for what is new: {blue: {upstream: app}, green: {upstream: v2}}"
        yield Problem((*path, "slots"), f"expected two slots, got {len(rollout.slots)}", hint)
    if rollout.initial not in rollout.slots:
        hint = suggestion(rollout.initial, rollout.slots) or f"the slots are {', '.join(rollout.slots)}"
        yield Problem((*path, "initial"), f"there is no slot {describe(rollout.initial)}", hint)
    runs_functions = without_upstream(rollout)
    for slot, section in rollout.slots.items():
        if section.upstream is not None:
            yield from _upstream((*path, "slots", slot, "upstream"), section.upstream, definitions)
        elif not runs_functions:
            hint = "write upstream: app, or take both out: a rollout of functions has none"
            yield Problem(
                (*path, "slots", slot), "there is no upstream here, and the other slot has one", hint
            )
    yield from rollout_problems(name, rollout, definitions.segments)


def _upstream(path: Path, name: str, definitions: Definitions) -> Iterator[Problem]:
    known = [APP, *definitions.upstreams]
    if name not in known:
        hint = suggestion(name, known) or f"add it: upstreams: {{{name}: in_process}}"
        yield Problem(path, f"there is no upstream {describe(name)}", hint)


def _route(index: int, route: RouteSection, definitions: Definitions) -> Iterator[Problem]:
    path: Path = ("routes", index)
    if (route.rollout is None) == (route.upstream is None):
        hint = "say where these requests go, as in upstream: app"
        yield Problem(path, "expected exactly one of rollout and upstream", hint)
    if route.rollout is not None and route.rollout not in definitions.rollouts:
        hint = (
            suggestion(route.rollout, definitions.rollouts) or f"define it: rollouts: {{{route.rollout}: …}}"
        )
        yield Problem((*path, "rollout"), f"there is no rollout {describe(route.rollout)}", hint)
    elif route.rollout is not None and without_upstream(definitions.rollouts[route.rollout]):
        message = (
            f"there is no upstream in the slots of {describe(route.rollout)}, so no request can go there"
        )
        hint = "write one in each slot, as in {upstream: app}; what only functions use needs no route"
        yield Problem((*path, "rollout"), message, hint)
    if route.upstream is not None:
        yield from _upstream((*path, "upstream"), route.upstream, definitions)


def warnings(definitions: Definitions) -> Generator[None, None, list[Problem]]:
    """Finds what is allowed and probably not meant; yields between routes."""
    routes = [route_of(route) for route in definitions.routes]
    found: list[Problem] = []
    for index in range(len(routes)):
        yield
        found += _unreachable(index, routes)
    return [*found, *_unused(definitions), *upstream_warnings(definitions), *rollout_warnings(definitions)]


def _unreachable(index: int, routes: Sequence[Route]) -> Iterator[Problem]:
    for earlier in range(index):
        if covers(routes[earlier], routes[index]):
            message = f"this route can't be reached: routes[{earlier}] takes everything before it"
            yield Problem(("routes", index), message, "put the narrower one first", severity="warning")
            return


def _unused(definitions: Definitions) -> Iterator[Problem]:
    routed = {route.rollout for route in definitions.routes}
    for name, section in definitions.rollouts.items():
        if name not in routed and not without_upstream(section):
            hint = f"add it: routes: [{{path_prefix: /, rollout: {name}}}]"
            yield Problem(("rollouts", name), "no route leads to this rollout", hint, severity="warning")
