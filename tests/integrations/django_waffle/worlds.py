"""Random flags, people and visits, the same for the same seed.

Not by Hypothesis: it likes small examples, in which hardly ever somebody without a cookie asks twice for a flag that is
neither theirs by name nor for nobody.
"""

from dataclasses import dataclass, field
from random import Random
from typing import Any

__all__ = ["GROUPS", "PEOPLE", "Visit", "World", "world"]

# Mostly one and the same, or flags, cookies and questions would be about different ones.
NAMES = [*["beta"] * 8, "Beta-2.x", "a flag with spaces", "käthe", "switch:beta", "any"]
GROUPS = ["editors", "beta, testers", "nobody"]
PEOPLE = 6
KINDS = ["flag"] * 4 + ["switch", "sample"]
SETTINGS: dict[str, Any] = {
    "WAFFLE_OVERRIDE": True,
    "WAFFLE_COOKIE": "coin-of-%s",
    "WAFFLE_TEST_COOKIE": "test_%s",
    "WAFFLE_SECURE": False,
    "WAFFLE_MAX_AGE": 60,
    "WAFFLE_FLAG_DEFAULT": True,
    "WAFFLE_SWITCH_DEFAULT": True,
    "WAFFLE_SAMPLE_DEFAULT": True,
}


@dataclass(frozen=True, slots=True)
class Visit:
    """One request, and what the page that it gets asks for."""

    user: Any
    language: str | None
    coins: dict[str, str]
    tests: dict[str, str]
    query: dict[str, str]
    headers: dict[str, str]
    overridden: dict[str, str]
    questions: list[tuple[str, str, bool]]
    seed: int


@dataclass(frozen=True, slots=True)
class World:
    """What waffle's tables hold, what the settings say, and the visits of one browser."""

    flags: dict[str, dict[str, Any]] = field(default_factory=dict)
    switches: dict[str, bool] = field(default_factory=dict)
    samples: dict[str, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    visits: list[Visit] = field(default_factory=list)


def world(seed: int) -> World:
    """Makes one up."""
    chance = Random(seed)
    return World(
        {name: _flag(chance) for name in chance.choices(NAMES, k=3)},
        {name: chance.random() < 0.5 for name in chance.choices(NAMES, k=2)},
        {name: chance.choice(["0.0", "30.0", "100.0"]) for name in chance.choices(NAMES, k=2)},
        {name: value for name, value in SETTINGS.items() if chance.random() < 0.2},
        [_visit(chance) for _ in range(4)],
    )


def _flag(chance: Random) -> dict[str, Any]:
    return {
        "everyone": chance.choice([None] * 8 + [True, False]),
        "percent": chance.choice([None, "0.0", "0.1", "12.5", "50.0", "50.0", "50.0", "99.9"]),
        "testing": chance.random() < 0.3,
        "superusers": chance.random() < 0.5,
        "staff": chance.random() < 0.5,
        "authenticated": chance.random() < 0.1,
        "languages": chance.choice(["", "", "", "de", "de, fr", "en-gb,"]),
        "rollout": chance.random() < 0.5,
        "note": chance.choice(["", 'why: "it" is # here\nand there']),
        "groups": chance.sample(GROUPS, chance.choice([0, 0, 1, 2])),
        "users": chance.sample(range(PEOPLE), chance.choice([0, 0, 1, 2])),
    }


def _visit(chance: Random) -> Visit:
    return Visit(
        chance.choice(["missing", *["anonymous"] * 4, *range(PEOPLE)]),
        chance.choice([None, None, "de", "fr", "en-gb", ""]),
        _some(chance, 0.3, NAMES, ["True", "False", "true", ""]),
        _some(chance, 0.3, NAMES, ["True", "False", "true", ""]),
        _some(chance, 0.2, NAMES, "10x"),
        _some(chance, 0.1, ["beta", "any"], "10"),
        _some(chance, 0.2, NAMES, "10"),
        [
            (chance.choice(KINDS), chance.choice(NAMES), chance.random() < 0.2)
            for _ in range(chance.randint(1, 6))
        ],
        chance.randrange(10_000),
    )


def _some(chance: Random, often: float, names: list[str], values: list[str] | str) -> dict[str, str]:
    return {chance.choice(names): chance.choice(values)} if chance.random() < often else {}
