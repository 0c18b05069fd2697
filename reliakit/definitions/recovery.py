"""From what users write about the regions of an upstream to what decides about them, and what is wrong with it."""

from collections.abc import Iterator, Mapping

from reliakit.definitions.hook_models import HookSection
from reliakit.definitions.hooks import hook_of, hook_problems
from reliakit.definitions.models import Definitions
from reliakit.definitions.problems import Path, Problem, describe, enumerate_words, suggestion
from reliakit.definitions.quantities import seconds
from reliakit.definitions.recovery_models import GateSection, LagSection, RecoverySection
from reliakit.definitions.upstream_models import UpstreamSection
from reliakit.failover.hooks import Hook
from reliakit.failover.recovery.definition import RecoveryDefinition, Strategy, problems

__all__ = ["recoveries", "recovery_definition", "recovery_hooks", "recovery_problems"]

_HOOKS = ("prepare", "back", "after")
_ABOVE_ZERO = ("detect", "deadline", "drill")
_LONGEST_PROBE = 60.0


def recoveries(definitions: Definitions) -> dict[str, RecoverySection]:
    """Returns what is written of regions, by upstream."""
    return {
        name: section.recovery
        for name, section in definitions.upstreams.items()
        if isinstance(section, UpstreamSection) and section.recovery is not None
    }


def recovery_definition(name: str, section: RecoverySection) -> RecoveryDefinition:
    """Returns what decides about the regions of an upstream, of a valid section."""
    return RecoveryDefinition(
        name,
        Strategy(section.strategy),
        section.regions,
        _seconds(section.rpo),
        _seconds(section.rto),
        section.lost_below / 100,
        section.failing_above / 100,
        section.requests,
        section.well_above / 100,
        section.failing_below / 100,
        seconds(section.detect),
        seconds(section.hold),
        _seconds(section.quiet),
        tuple(step / 100 for step in section.steps),
        seconds(section.bake),
        seconds(section.deadline),
        seconds(section.drill),
        *(_hook(name, verb, getattr(section, verb)) for verb in _HOOKS),
    )


def recovery_hooks(name: str, section: RecoverySection) -> Mapping[str, HookSection]:
    """Returns the hooks of an upstream's regions, by the names that decisions know them by."""
    written = {_hook_name(name, verb): getattr(section, verb) for verb in _HOOKS}
    return {hook: each for hook, each in written.items() if each is not None}


def _hook(name: str, verb: str, section: HookSection | None) -> Hook | None:
    return None if section is None else hook_of(_hook_name(name, verb), section)


def _hook_name(name: str, verb: str) -> str:
    return f"upstreams.{name}.recovery.{verb}"


def _seconds(written: str | None) -> float | None:
    return None if written is None else seconds(written)


def recovery_problems(path: Path, section: UpstreamSection) -> Iterator[Problem]:
    """Yields the problems of one upstream's regions.

    Args:
        path: of the upstream.
        section: what is written of it.
    """
    recovery, here = section.recovery, (*path, "recovery")
    if recovery is None:
        return
    for key in _ABOVE_ZERO:
        if seconds(getattr(recovery, key)) <= 0:
            yield Problem((*here, key), "expected a duration above 0s", "take it out for the default")
    for verb in _HOOKS:
        hook: HookSection | None = getattr(recovery, verb)
        if hook is not None:
            yield from hook_problems((*here, verb), hook)
    yield from _probes(here, recovery)
    for message in problems(recovery_definition(str(path[-1]), recovery)):
        yield Problem((*here, _key(message)), message)
    yield from _places(path, section, recovery)


_KEYS = {
    "two regions": "regions",
    "named twice": "regions",
    "`prepare`": "strategy",
    "fail back": "quiet",
    "lost and well": "well_above",
    "`steps`": "steps",
}


def _key(message: str) -> str:
    """Returns the key that a message is about."""
    return next(key for words, key in _KEYS.items() if words in message)


def _probes(path: Path, section: RecoverySection) -> Iterator[Problem]:
    if section.gate is not None:
        yield from _probe((*path, "gate"), section.gate)
    if section.lag is not None:
        yield from _probe((*path, "lag"), section.lag)
        if section.lag.key is not None and section.lag.http is None:
            message = "`key` names a member of what a URL answers, and there is none"
            yield Problem((*path, "lag", "key"), message, "take it out: a command prints the number alone")


def _probe(path: Path, section: GateSection | LagSection) -> Iterator[Problem]:
    if (section.http is None) == (section.command is None):
        hint = "write http: https://db.internal/status, or command: [./status.sh]"
        yield Problem(path, "expected exactly one of http and command", hint)
    if seconds(section.interval) <= 0:
        yield Problem((*path, "interval"), "expected a duration above 0s", "take it out for the default")
    if not 0 < seconds(section.timeout) <= _LONGEST_PROBE:
        hint = "2s is usual: a failover waits for it"
        yield Problem((*path, "timeout"), "expected a duration above 0s, of a minute at most", hint)


def _places(path: Path, section: UpstreamSection, recovery: RecoverySection) -> Iterator[Problem]:
    """Regions without endpoints, and endpoints that no request would ever reach."""
    there = {endpoint.region for endpoint in section.endpoints}
    for index, region in enumerate(recovery.regions):
        if region not in there:
            known = sorted(filter(None, there))
            hint = suggestion(region, known) or (known and f"there are {enumerate_words(known)}") or None
            message = f"no endpoint is in a region that is called {describe(region)}"
            yield Problem((*path, "recovery", "regions", index), message, hint or "give endpoints a `region`")
    for index, endpoint in enumerate(section.endpoints):
        if endpoint.region not in recovery.regions:
            named = f"region {describe(endpoint.region)}" if endpoint.region else "no region"
            message = f"it is in {named}, which `recovery` does not name: it would get no requests"
            hint = f"name it there, or move the endpoint to {enumerate_words(recovery.regions)}"
            yield Problem((*path, "endpoints", index), message, hint)
