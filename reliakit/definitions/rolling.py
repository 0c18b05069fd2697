"""From what users write about rolling replacement to what decides about it, and what is wrong with it."""

from collections.abc import Iterator, Mapping

from reliakit.definitions.hook_models import SharedHookSection
from reliakit.definitions.hooks import hook_of, hook_problems
from reliakit.definitions.models import Definitions
from reliakit.definitions.problems import Path, Problem
from reliakit.definitions.quantities import ratio, seconds, share
from reliakit.definitions.rolling_models import RollingErrorSection, RollingSection
from reliakit.definitions.upstream_models import UpstreamSection
from reliakit.failover.rolling.definition import RollingDefinition, problems
from reliakit.rollouts.errors import FLOOR_TIMES, MOST_TOLERATED

__all__ = ["rolling_definition", "rolling_hooks", "rolling_problems", "rollings"]

_HOOKS = ("replace", "undo", "stop")


def rollings(definitions: Definitions) -> dict[str, UpstreamSection]:
    """Returns the upstreams whose endpoints can be replaced, by name."""
    return {
        name: section
        for name, section in definitions.upstreams.items()
        if isinstance(section, UpstreamSection) and section.rolling is not None
    }


def rolling_definition(name: str, section: UpstreamSection) -> RollingDefinition:
    """Returns what decides about a replacement, of a valid upstream that has one."""
    rolling, slow = section.rolling, section.slow_start
    assert rolling is not None
    hooks = {hook: hook_of(_hook_name(name, hook), each) for hook, each in _written(rolling).items()}
    return RollingDefinition(
        name,
        tuple(each.url for each in section.endpoints if not each.spare),
        hooks["replace"],
        hooks["undo"],
        tuple(each.url for each in section.endpoints if each.spare),
        hooks.get("stop"),
        rolling.max_unavailable,
        rolling.max_surge,
        seconds(rolling.drain),
        seconds(rolling.ready),
        0.0 if slow is None else seconds(slow.window),
        seconds(rolling.bake),
    )


def rolling_hooks(name: str, section: RollingSection) -> Mapping[str, SharedHookSection]:
    """Returns the hooks of an upstream's replacement, by the names that decisions know them by."""
    return {_hook_name(name, hook): each for hook, each in _written(section).items()}


def _written(section: RollingSection) -> dict[str, SharedHookSection]:
    return {hook: getattr(section, hook) for hook in _HOOKS if getattr(section, hook) is not None}


def _hook_name(name: str, hook: str) -> str:
    return f"upstreams.{name}.rolling.{hook}"


def rolling_problems(path: Path, section: UpstreamSection) -> Iterator[Problem]:
    """Yields the problems of one upstream's replacement.

    Args:
        path: of the upstream.
        section: what is written of it.
    """
    rolling, here = section.rolling, (*path, "rolling")
    if rolling is None:
        for index, each in enumerate(section.endpoints):
            if each.spare:
                hint = "take it out: this endpoint would never get a request"
                message = "a spare endpoint serves while `rolling` replaces others, and there is none"
                yield Problem((*path, "endpoints", index, "spare"), message, hint)
        return
    for hook, written in _written(rolling).items():
        yield from hook_problems((*here, hook), written)
    if seconds(rolling.ready) <= 0:
        yield Problem((*here, "ready"), "expected a duration above 0s", "take it out for the default")
    if isinstance(rolling.error_rate, RollingErrorSection):
        yield from _errors((*here, "error_rate"), rolling.error_rate)
    for message in problems(rolling_definition(str(path[-1]), section)):
        if "named twice" not in message:  # which is told of each upstream
            key = next((each for each in _HINTS if each in message), "")
            yield Problem((*here, *_key(message)), message, _HINTS.get(key))


_HINTS = {
    "`spares`": "write spare: true on as many endpoints",
    "`stop`": "write stop: {command: [./stop.sh]}",
}


def _key(message: str) -> Path:
    """Returns the key that a message is about."""
    return next(((key,) for key in ("max_surge", "max_unavailable") if key in message), ())


def _errors(path: Path, section: RollingErrorSection) -> Iterator[Problem]:
    if not 1 <= ratio(section.tolerate) <= MOST_TOLERATED:
        yield Problem(
            (*path, "tolerate"), f"expected a ratio from 1x to {MOST_TOLERATED:g}x", "1.4x is usual"
        )
    if not 0 < share(section.floor) < 1 / FLOOR_TIMES[-1]:
        message = f"expected a percentage above 0% and below {100 / FLOOR_TIMES[-1]:g}%"
        yield Problem((*path, "floor"), message, "1% is usual")
