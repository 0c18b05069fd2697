"""From definitions to the snapshot that requests are decided by."""

from collections.abc import Callable, Mapping
from ipaddress import ip_network
from typing import Literal

from reliakit.core.bucketing import salt, threshold
from reliakit.core.identity import Identity, KeySource
from reliakit.core.match import Match
from reliakit.core.rollouts import Assignment, Rollout, RowName, Slot, Split, Sticky
from reliakit.core.snapshot import Flags, Planned, Snapshot
from reliakit.core.tally import Tallies
from reliakit.definitions.conditions import ConditionReader, SharedTests
from reliakit.definitions.flagd.models import FlagdFlag
from reliakit.definitions.flags import FlagReader
from reliakit.definitions.models import Definitions, IdentitySection, RolloutSection
from reliakit.definitions.outcomes import classifier
from reliakit.definitions.quantities import seconds
from reliakit.definitions.rollout_models import MatchSection, SlotSection
from reliakit.definitions.rollouts import strategy_of
from reliakit.definitions.routes import route_of
from reliakit.definitions.upstream_models import UpstreamSection

__all__ = ["compile_flags", "compile_rollouts", "compile_snapshot"]

Splits = Mapping[str, Split]
"""How rollouts divide their requests, where a shared state says it; the others do as their definition says."""


def compile_snapshot(
    definitions: Definitions,
    tallies: Tallies,
    revision: str = "",
    splits: Splits | None = None,
    now: Callable[[], float] = float,
) -> Snapshot:
    """Compiles valid definitions.

    Args:
        definitions: what was loaded without problems.
        tallies: where the snapshot's answers are counted.
        revision: what to call this content, such as a commit; by default what the document says.
        splits: from the shared state.
        now: the clock that flags may ask, in seconds since 1970-01-01 UTC; one that has stopped there by default.
    """
    return Snapshot(
        flags=compile_flags(definitions, tallies, now),
        rollouts=compile_rollouts(definitions, tallies, splits or {}),
        routes=tuple(map(route_of, definitions.routes)),
        identity=_identity(definitions),
        classify=classifier(definitions.outcomes),
        revision=definitions.revision or revision,
        environment=definitions.environment,
        timeout=seconds(definitions.outcomes.timeout),
    )


def compile_flags(definitions: Definitions, tallies: Tallies, now: Callable[[], float] = float) -> Flags:
    """Compiles the flags alone; each is compiled in fact when it is first asked for."""
    tests: SharedTests = {}

    def plan(key: str) -> Planned:
        flag = definitions.flags[key]
        if isinstance(flag, FlagdFlag):
            return flag.plan(key, now)
        # A reader of its own for each: several threads may compile at once, and a reader is in the middle of things.
        conditions = ConditionReader(definitions.segments, tests)
        return FlagReader(conditions, revision=definitions.revision).plan(key, flag)

    return Flags(frozenset(definitions.flags), plan, tallies.counters)


def compile_rollouts(definitions: Definitions, tallies: Tallies, splits: Splits) -> dict[str, Rollout]:
    """Compiles the rollouts alone: a weight changes far more often than a definition."""
    return {
        name: _rollout(name, definitions, tallies, splits.get(name), _match(section.match, definitions))
        for name, section in definitions.rollouts.items()
    }


def _rollout(
    name: str, definitions: Definitions, tallies: Tallies, shared: Split | None, match: Match | None
) -> Rollout:
    section = definitions.rollouts[name]
    # A state from before its slots were renamed says nothing about them: then as if there were none.
    split = shared if shared and shared.stable in section.slots else _without_state(section)

    metrics = frozenset(section.analysis.metrics if section.analysis else ())
    places = {slot_name: _places(slot, definitions) for slot_name, slot in section.slots.items()}
    compared = frozenset.intersection(*places.values())

    def row(slot_name: str, kind: Assignment, place: str = "") -> int:
        named: RowName = (name, slot_name, kind, split.number, place)
        return tallies.numbers.of(named)

    def slot(slot_name: str) -> Slot:
        first, second, third = (row(slot_name, kind) for kind in Assignment)
        upstream = section.slots[slot_name].upstream or ""
        own = places[slot_name] if compared else ()
        placed = {place: row(slot_name, Assignment.SPLIT, place) for place in own}
        return Slot(slot_name, upstream, (first, second, third), name, split.number, metrics, placed)

    other = next(slot_name for slot_name in section.slots if slot_name != split.stable)
    return Rollout(
        name=name,
        # Not the bare name: a flag may have it too, and would be on for just those who get the canary.
        seed=salt(section.salt or f"rollout:{name}"),
        stable=slot(split.stable),
        canary=slot(other),
        bound=threshold(split.weight),
        sticky=Sticky(section.sticky),
        initial=section.initial,
        match=match,
    )


def _places(slot: SlotSection, definitions: Definitions) -> frozenset[str]:
    """Returns the localities that a slot is served from, as far as its upstream says."""
    section = definitions.upstreams.get(slot.upstream or "")
    return frozenset(section.places) - {""} if isinstance(section, UpstreamSection) else frozenset()


def _match(section: MatchSection | None, definitions: Definitions) -> Match | None:
    if section is None:
        return None
    reader = ConditionReader(definitions.segments)
    headers = {name.lower(): value for name, value in (section.headers or {}).items()}
    return Match(
        headers=_wanted(headers),
        cookies=_wanted(section.cookies or {}),
        condition=None if section.context is None else reader.read(section.context, ()),
    )


def _wanted(written: Mapping[str, str | Literal[True]]) -> tuple[tuple[str, str | None], ...]:
    return tuple((name, None if value is True else value) for name, value in written.items())


def _without_state(section: RolloutSection) -> Split:
    """A fixed weight holds by itself; what is judged starts with a release, and no canary without one."""
    return Split(section.initial, 0.0 if strategy_of(section) else section.weight or 0.0)


def _identity(definitions: Definitions) -> Identity:
    section: IdentitySection = definitions.identity
    networks = [ip_network(written) for written in section.trusted_proxies if written != "unix"]
    return Identity(
        sources=tuple(map(KeySource, section.targeting_key)),
        header=section.header.lower() if section.header else None,
        trusted_proxies=tuple(networks),
        trust_unix="unix" in section.trusted_proxies,
        cookie_name=section.cookie.name,
        cookie_keys=section.cookie.keys,
        cookie_seconds=section.cookie.max_age_days * 86_400,
        override_keys=definitions.overrides.keys,
        unsigned_overrides=definitions.environment in definitions.overrides.unsigned_in,
    )
