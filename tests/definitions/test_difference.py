"""The lines that tell what a change of definitions changed."""

import pytest

from reliakit.definitions.difference import difference
from tests.definitions.loaded import definitions


def _told(old: str, new: str) -> list[str]:
    return list(difference(definitions(old), definitions(new)))


def _of_flag(old: str, new: str) -> list[str]:
    return _told(f"flags: {{new_checkout: {old}}}", f"flags: {{new_checkout: {new}}}")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("{percentage: 10}", "{percentage: 100}", "10 % -> 100 %"),
        ("{percentage: 0.5}", "{percentage: 33.3}", "0.5 % -> 33.3 %"),
        ("{percentage: 99.9}", "{percentage: 99.99}", "99.9 % -> 99.99 %"),
        ("{}", "{percentage: 10}", "on for everyone -> 10 %"),
        ("{}", "{allowlist: [a]}", "on for everyone -> off for everyone else, allowlist 0 -> 1"),
        ("{percentage: 10}", "{otherwise: false}", "10 % -> off for everyone"),
        ("{}", "{enabled: false}", "enabled -> disabled"),
        ("{enabled: false}", "{percentage: 5}", "disabled -> enabled, on for everyone -> 5 %"),
        ("{enabled: false, percentage: 5}", "{enabled: false, percentage: 6}", "5 % -> 6 %"),
        ("{split: {on: 1, off: 3}}", "{split: {on: 3, off: 1}}", "on 25 %, off 75 % -> on 75 %, off 25 %"),
        ("{split: {on: 1, off: 3}}", "{split: {on: 10, off: 30}}", "split changed"),
        ("{}", "{otherwise: true}", "otherwise changed"),
        ("{variants: {a: 1}}", "{variants: {a: 1, b: 2}, default: b}", "a for everyone -> b for everyone, variants 1 -> 2, default none -> b"),
        ("{variants: {a: 1}}", "{variants: {a: 2}}", "variants changed"),
        ("{rules: [{if: {a: 1}}]}", "{rules: [{if: {a: 2}}]}", "rules changed"),
        ("{rules: [{if: {a: 1}}]}", "{rules: [{if: {a: 1}}, {if: {b: 1}}]}", "rules 1 -> 2"),
        ("{allowlist: [jo@example.com]}", "{allowlist: [al@example.com]}", "allowlist changed"),
        ("{owner: payments}", "{owner: growth, kind: ops, created: 2026-11-23}", "owner payments -> growth, kind none -> ops, created none -> 2026-11-23"),
        ("{}", "{public: true}", "public off -> on"),
        ("{}", "{salt: hunter2, description: Two steps}", "description changed, salt changed"),
    ],
)  # fmt: skip
def test_a_changed_flag_is_one_line(old: str, new: str, told: str) -> None:
    """Otherwise a journal says that something changed, and people have to search old files for what."""
    assert _of_flag(old, new) == [f"new_checkout: {told}"]


def test_added_and_removed_flags_are_counted_and_named() -> None:
    """Otherwise a file cut short by a bad merge removes flags unnoticed."""
    assert _told("flags: {a: {}, b: {}, c: {}, d: {}}", "flags: {d: {}, e: {}}") == [
        "1 flag added: e",
        "3 flags removed: a, b, c",
    ]


def test_other_sections_are_told_by_name() -> None:
    """Otherwise a change of who is routed where goes unnoticed beside the flags."""
    old = """
        upstreams: {v2: in_process}
        segments: {staff: {email: a}}
        rollouts: {shop: {slots: {blue: {upstream: app}, green: {upstream: v2}}, initial: blue, weight: 10}}
        routes: [{path_prefix: /, rollout: shop}]
    """
    new = """
        environment: production
        revision: abc
        upstreams: {v2: in_process, v3: in_process}
        segments: {staff: {email: b}}
        rollouts: {shop: {slots: {blue: {upstream: app}, green: {upstream: v3}}, initial: green, weight: 50}}
        routes: [{path_prefix: /shop, rollout: shop}]
        outcomes: {errors: [503]}
    """
    assert _told(old, new) == [
        "rollout shop: slots changed, initial blue -> green, weight 10 % -> 50 %",
        "segment staff: changed",
        "1 upstream added: v3",
        "environment: none -> production",
        "revision: none -> abc",
        "outcomes changed",
        "routes changed",
    ]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("strategy: canary, steps: [5, 10, 20]", "strategy: canary, steps: [5, 20], analysis: {alpha: 2%}", "steps 5, 10, 20 -> 5, 20; analysis changed"),
        ("steps: [5, {weight: 20.5, bake: 1m}]", "steps: [5, {weight: 20.5, bake: 2m}]", "steps changed"),
        ("strategy: canary", "strategy: canary, steps: [5]", "steps none -> 5"),
        ("strategy: canary, deadline: 6h", "strategy: canary, deadline: 12h", "deadline 6h -> 12h"),
        ("strategy: canary, analysis: {alpha: 1%}", "strategy: canary, analysis: {alpha: 2%}, rollback_window: 2h", "rollback_window none -> 2h, analysis changed"),
        ("weight: 10", "strategy: ab, weight: 50", "strategy none -> ab, weight 10 % -> 50 %"),
        ("weight: 10", "sticky: none", "weight 10 % -> none, sticky user -> none"),
        ("strategy: canary", "strategy: canary, release: {to: green, version: 2.4.1}", "release none -> green 2.4.1"),
        ("strategy: canary, slo: {objective: 99.9}", "strategy: canary, slo: {objective: 99.5%, window: 7d}", "slo 99.9% in 30d -> 99.5% in 7d"),
        ("strategy: canary, steps: [{weight: 5, gate: {webhook: 'https://a.example/hunter2'}}]", "strategy: canary, steps: [{weight: 5, gate: manual}]", "steps changed"),
    ],
)  # fmt: skip
def test_an_edited_rollout_is_one_line(old: str, new: str, told: str) -> None:
    """Otherwise nobody can tell from the journal why a release took other steps than yesterday."""
    shop = "upstreams: {v2: in_process}\nrollouts: {shop: {slots: {blue: {upstream: app}, green: {upstream: v2}}, initial: blue, %s}}"
    assert _told(shop % old, shop % new) == [f"rollout shop: {told}"]


def test_no_secret_is_told() -> None:
    """Otherwise the log that tells of a change shows the keys that sign cookies and overrides."""
    old = "identity: {cookie: {keys: [first-secret-of-all]}}\noverrides: {keys: [first-secret-of-all]}"
    new = "identity: {cookie: {keys: [other-secret-of-all]}}\noverrides: {keys: [other-secret-of-all]}"
    new += "\nstore: redis://:hunter2@cache\nnotify: [{webhook: https://hooks.example.com/hunter2}]"
    assert _told(old, new) == ["identity changed", "overrides changed", "store changed", "notify changed"]


def test_what_is_equal_is_not_told() -> None:
    """Otherwise every reload of an unchanged file fills the log."""
    assert (
        _told("flags: {a: {percentage: 10}}", "flags:\n  a:\n    percentage: 10.0\n    enabled: true") == []
    )
