"""What one section says of another: names that must exist, loops that must not."""

from collections.abc import Container, Iterator, Mapping
from ipaddress import ip_network

from reliakit.core.routes import covers
from reliakit.definitions.flags import variants_of
from reliakit.definitions.models import Definitions, Flag, RolloutSection, RouteSection
from reliakit.definitions.outcomes import status_codes
from reliakit.definitions.problems import Path, Problem, describe, did_you_mean
from reliakit.definitions.routes import route_of

__all__ = ["APP", "flag_problems", "section_problems", "warnings"]

APP = "app"
"""The upstream that always exists: the application that reliakit wraps."""


def flag_problems(flags: Mapping[str, Flag], written: Container[str]) -> Iterator[Problem]:
    """Yields the problems of prerequisites: unknown flags, unknown variants and loops.

    Args:
        flags: that can be read.
        written: the keys of all flags; one that can't be read is no unknown flag.
    """
    for key, flag in flags.items():
        for wanted, variant in _wanted(flag):
            if wanted in flags or wanted not in written:
                yield from _prerequisite(key, wanted, variant, flags)
    for loop in _loops(flags):
        for key in loop:
            message = f"prerequisites go round in a circle: {' -> '.join([*loop, loop[0]])}"
            yield Problem(("flags", key, "prerequisites"), message, "take one of them out")


def _wanted(flag: Flag) -> list[tuple[str, bool | str]]:
    wanted = flag.prerequisites
    return [(key, True) for key in wanted] if isinstance(wanted, tuple) else list(wanted.items())


def _prerequisite(key: str, wanted: str, variant: bool | str, flags: Mapping[str, Flag]) -> Iterator[Problem]:
    path: Path = ("flags", key, "prerequisites")
    if wanted not in flags:
        yield Problem(path, f"there is no flag {describe(wanted)}", did_you_mean(wanted, flags))
        return
    names = variants_of(flags[wanted])
    name = ("on" if variant else "off") if isinstance(variant, bool) else variant
    if name not in names:
        hint = f"write {{{wanted}: VARIANT}}; its variants are {', '.join(names)}"
        yield Problem(path, f"the flag {describe(wanted)} has no variant {describe(name)}", hint)


def _loops(flags: Mapping[str, Flag]) -> list[list[str]]:
    """Every loop once, each starting where it was entered (a depth-first walk without recursion)."""
    loops: list[list[str]] = []
    done: set[str] = set()
    for start in flags:
        trail: list[str] = []
        pending = [(start, 0)]
        while pending:
            key, depth = pending.pop()
            del trail[depth:]
            if key in trail:
                loops.append(trail[trail.index(key) :])
            elif key in flags and key not in done:
                trail.append(key)
                pending.extend((wanted, depth + 1) for wanted, _ in _wanted(flags[key]))
        done.update(_reach(start, flags))
    return loops


def _reach(start: str, flags: Mapping[str, Flag]) -> set[str]:
    reached: set[str] = set()
    pending = [start]
    while pending:
        key = pending.pop()
        if key in flags and key not in reached:
            reached.add(key)
            pending.extend(wanted for wanted, _ in _wanted(flags[key]))
    return reached


def section_problems(definitions: Definitions) -> Iterator[Problem]:
    """Yields the problems of identity, outcomes, rollouts and routes."""
    yield from _identity(definitions)
    for name in ("errors", "client_errors"):
        for index, written in enumerate(getattr(definitions.outcomes, name)):
            if not status_codes(written):
                expected = "a status code such as 503, a class such as 5xx or a range such as 500-504"
                yield Problem(("outcomes", name, index), f"expected {expected}, got {describe(written)}")
    for name, rollout in definitions.rollouts.items():
        yield from _rollout(name, rollout, definitions)
    for index, route in enumerate(definitions.routes):
        yield from _route(index, route, definitions)
    if APP in definitions.upstreams:
        yield Problem(("upstreams", APP), "`app` is reserved: it is the application that reliakit wraps")


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
            yield Problem(path, f"expected {expected}, got {describe(written)}")


def _is_network(written: str) -> bool:
    try:
        ip_network(written)
    except ValueError:
        return False
    return True


def _rollout(name: str, rollout: RolloutSection, definitions: Definitions) -> Iterator[Problem]:
    path: Path = ("rollouts", name)
    if len(rollout.slots) != 2:
        yield Problem((*path, "slots"), f"expected two slots, got {len(rollout.slots)}")
    if rollout.initial not in rollout.slots:
        hint = did_you_mean(rollout.initial, rollout.slots) or f"the slots are {', '.join(rollout.slots)}"
        yield Problem((*path, "initial"), f"there is no slot {describe(rollout.initial)}", hint)
    for slot, section in rollout.slots.items():
        yield from _upstream((*path, "slots", slot, "upstream"), section.upstream, definitions)


def _upstream(path: Path, name: str, definitions: Definitions) -> Iterator[Problem]:
    known = [APP, *definitions.upstreams]
    if name not in known:
        hint = did_you_mean(name, known) or f"add it: upstreams: {{{name}: in_process}}"
        yield Problem(path, f"there is no upstream {describe(name)}", hint)


def _route(index: int, route: RouteSection, definitions: Definitions) -> Iterator[Problem]:
    path: Path = ("routes", index)
    if (route.rollout is None) == (route.upstream is None):
        yield Problem(path, "expected exactly one of rollout and upstream")
    if route.rollout is not None and route.rollout not in definitions.rollouts:
        hint = did_you_mean(route.rollout, definitions.rollouts)
        yield Problem((*path, "rollout"), f"there is no rollout {describe(route.rollout)}", hint)
    if route.upstream is not None:
        yield from _upstream((*path, "upstream"), route.upstream, definitions)


def warnings(definitions: Definitions) -> Iterator[Problem]:
    """Yields what is allowed and probably not meant."""
    routes = [route_of(route) for route in definitions.routes]
    for later, route in enumerate(routes):
        for earlier in range(later):
            if covers(routes[earlier], route):
                message = f"this route can't be reached: routes[{earlier}] takes everything before it"
                yield Problem(("routes", later), message, "put the narrower one first", severity="warning")
                break
    for name in definitions.rollouts:
        if not any(route.rollout == name for route in routes):
            message = "no route leads to this rollout"
            hint = f"add it: routes: [{{path_prefix: /, rollout: {name}}}]"
            yield Problem(("rollouts", name), message, hint, severity="warning")
