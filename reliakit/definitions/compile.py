"""From definitions to the snapshot that requests are decided by."""

from ipaddress import ip_network

from reliakit.core.bucketing import salt, threshold
from reliakit.core.flags import Plan
from reliakit.core.identity import Identity, KeySource
from reliakit.core.rollouts import Assignment, Rollout, Slot, Sticky
from reliakit.core.snapshot import Flags, Snapshot
from reliakit.core.tally import Tallies
from reliakit.definitions.conditions import ConditionReader, SharedTests
from reliakit.definitions.flags import FlagReader
from reliakit.definitions.models import Definitions, IdentitySection, RolloutSection
from reliakit.definitions.outcomes import classifier
from reliakit.definitions.rollouts import strategy_of
from reliakit.definitions.routes import route_of

__all__ = ["compile_snapshot"]


def compile_snapshot(definitions: Definitions, tallies: Tallies, revision: str = "") -> Snapshot:
    """Compiles valid definitions.

    Args:
        definitions: what was loaded without problems.
        tallies: where the snapshot's answers are counted.
        revision: what to call this content, such as a commit; by default what the document says.
    """
    return Snapshot(
        flags=_flags(definitions, tallies),
        rollouts={name: _rollout(name, rollout, tallies) for name, rollout in definitions.rollouts.items()},
        routes=tuple(map(route_of, definitions.routes)),
        identity=_identity(definitions),
        classify=classifier(definitions.outcomes),
        revision=definitions.revision or revision,
        environment=definitions.environment,
    )


def _flags(definitions: Definitions, tallies: Tallies) -> Flags:
    tests: SharedTests = {}

    def plan(key: str) -> Plan:
        # A reader of its own for each: several threads may compile at once, and a reader is in the middle of things.
        return FlagReader(ConditionReader(definitions.segments, tests)).plan(key, definitions.flags[key])

    return Flags(frozenset(definitions.flags), plan, tallies.counters)


def _rollout(name: str, section: RolloutSection, tallies: Tallies) -> Rollout:
    def slot(slot_name: str) -> Slot:
        split, forced, fallback = (tallies.numbers.of((name, slot_name, kind)) for kind in Assignment)
        return Slot(slot_name, section.slots[slot_name].upstream, (split, forced, fallback))

    other = next(slot_name for slot_name in section.slots if slot_name != section.initial)
    return Rollout(
        name=name,
        # Not the bare name: a flag may have it too, and would be on for just those who get the canary.
        seed=salt(section.salt or f"rollout:{name}"),
        stable=slot(section.initial),
        canary=slot(other),
        # A release's weight is in the store; before there is any state, the canary gets nothing.
        bound=threshold(0.0 if strategy_of(section) else section.weight or 0.0),
        sticky=Sticky(section.sticky),
    )


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
