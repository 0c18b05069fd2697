"""What a flag answers, gate by gate in the order of the documents, through the calls that applications make."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from reliakit import Reliakit
from tests.definitions.loaded import loaded

Kit = Callable[..., Reliakit]
USERS = [f"user-{number}" for number in range(2_000)]


@pytest.fixture
def kit() -> Kit:
    """Makes kits of flags; nothing here is watched, so there is nothing to close."""

    def make(
        flags: Mapping[str, Any],
        segments: Mapping[str, Any] | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> Reliakit:
        return Reliakit({"flags": flags, "segments": segments or {}}, environ=environ or {})

    return make


def _answer(kit: Reliakit, key: str = "f", user: Any = "u", **attributes: Any) -> tuple[Any, str | None, str]:
    found = kit.evaluate(key, user=user, context=attributes)
    return found.value, found.variant, str(found.error_code or found.reason)


PRO = {"plan": "pro"}
BANNER = {"plain": "#444", "loud": "#f60"}
GATES: list[tuple[str, dict[str, Any], dict[str, Any], tuple[Any, str | None, str]]] = [
    # 1. The flag is missing.
    ("missing: the caller's default", {}, {"key": "nobody"}, (None, None, "FLAG_NOT_FOUND")),
    # 2. Not enabled.
    ("disabled is off for everybody", {"enabled": False}, {}, (False, "off", "DISABLED")),
    ("disabled wins over the allowlist", {"enabled": False, "allowlist": ["u"]}, {}, (False, "off", "DISABLED")),
    ("disabled wins over a rule", {"enabled": False, "rules": [{"if": PRO}]}, PRO, (False, "off", "DISABLED")),
    ("disabled wins over 100 %", {"enabled": False, "percentage": 100}, {}, (False, "off", "DISABLED")),
    ("disabled wins over otherwise", {"enabled": False, "otherwise": True}, {}, (False, "off", "DISABLED")),
    ("disabled needs no user", {"enabled": False, "percentage": 5}, {"user": None}, (False, "off", "DISABLED")),
    ("disabled gives the default", {"enabled": False, "default": True}, {}, (True, "on", "DISABLED")),
    ("disabled gives the first variant", {"enabled": False, "variants": BANNER}, {}, ("#444", "plain", "DISABLED")),
    ("disabled gives the default variant", {"enabled": False, "variants": BANNER, "default": "loud"}, {}, ("#f60", "loud", "DISABLED")),
    # 3. Prerequisites, of flags that every kit here has.
    ("a prerequisite that is on", {"prerequisites": ["yes"]}, {}, (True, "on", "STATIC")),
    ("a prerequisite that is off", {"prerequisites": ["no"]}, {}, (False, "off", "DEFAULT")),
    ("a prerequisite that must be off", {"prerequisites": {"no": "off"}}, {}, (True, "on", "STATIC")),
    ("a prerequisite written as false", {"prerequisites": {"no": False}}, {}, (True, "on", "STATIC")),
    ("a prerequisite's variant", {"prerequisites": {"theme": "dark"}}, {}, (True, "on", "STATIC")),
    ("a prerequisite's other variant", {"prerequisites": {"theme": "light"}}, {}, (False, "off", "DEFAULT")),
    ("all prerequisites must be met", {"prerequisites": ["yes", "no"]}, {}, (False, "off", "DEFAULT")),
    ("a disabled prerequisite is off", {"prerequisites": ["never"]}, {}, (False, "off", "DEFAULT")),
    ("a prerequisite wins over the allowlist", {"prerequisites": ["no"], "allowlist": ["u"]}, {}, (False, "off", "DEFAULT")),
    ("an unmet prerequisite gives the default", {"prerequisites": ["no"], "default": True}, {}, (True, "on", "DEFAULT")),
    ("a prerequisite that needs a user", {"prerequisites": ["half"]}, {"user": None}, (None, None, "TARGETING_KEY_MISSING")),
    # 4. The allowlist.
    ("listed as text", {"allowlist": ["u"]}, {}, (True, "on", "TARGETING_MATCH")),
    ("listed as a number, asked by text", {"allowlist": [42]}, {"user": "42"}, (True, "on", "TARGETING_MATCH")),
    ("listed as text, asked by a number", {"allowlist": ["42"]}, {"user": 42}, (True, "on", "TARGETING_MATCH")),
    ("listed wins over a rule", {"allowlist": ["u"], "rules": [{"if": PRO, "value": False}]}, PRO, (True, "on", "TARGETING_MATCH")),
    ("listed wins over 0 %", {"allowlist": ["u"], "percentage": 0}, {}, (True, "on", "TARGETING_MATCH")),
    ("listed wins over otherwise", {"allowlist": ["u"], "otherwise": False}, {}, (True, "on", "TARGETING_MATCH")),
    ("listed for off", {"allowlist": {"off": ["u"]}, "otherwise": True}, {}, (False, "off", "TARGETING_MATCH")),
    ("listed for a variant", {"variants": BANNER, "allowlist": {"loud": ["u"]}}, {}, ("#f60", "loud", "TARGETING_MATCH")),
    ("not listed: off", {"allowlist": ["v"]}, {}, (False, "off", "DEFAULT")),
    ("nobody in particular is not listed", {"allowlist": ["v"]}, {"user": None}, (False, "off", "DEFAULT")),
    # 5. The first rule that holds.
    ("a rule that holds", {"rules": [{"if": PRO}]}, PRO, (True, "on", "TARGETING_MATCH")),
    ("a rule that does not hold", {"rules": [{"if": PRO}]}, {"plan": "free"}, (False, "off", "DEFAULT")),
    ("a rule that misses its attribute", {"rules": [{"if": {"plan": {"not_in": ["free"]}}}]}, {}, (False, "off", "DEFAULT")),
    ("a rule's value", {"rules": [{"if": PRO, "value": "off"}], "otherwise": True}, PRO, (False, "off", "TARGETING_MATCH")),
    ("the first rule wins", {"rules": [{"if": PRO, "value": False}, {"if": PRO}]}, PRO, (False, "off", "TARGETING_MATCH")),
    ("a rule of 0 % ends the search", {"rules": [{"if": PRO, "percentage": 0}, {"if": PRO}]}, PRO, (False, "off", "TARGETING_MATCH")),
    ("a rule of 100 %", {"rules": [{"if": PRO, "percentage": 100}]}, PRO, (True, "on", "TARGETING_MATCH")),
    ("a rule wins over the percentage", {"rules": [{"if": PRO}], "percentage": 0}, PRO, (True, "on", "TARGETING_MATCH")),
    ("a rule's variant", {"variants": BANNER, "rules": [{"if": PRO, "value": "loud"}]}, PRO, ("#f60", "loud", "TARGETING_MATCH")),
    ("a rule's split", {"variants": BANNER, "rules": [{"if": PRO, "split": {"loud": 1}}]}, PRO, ("#f60", "loud", "TARGETING_MATCH")),
    ("a rule for everybody", {"rules": [{"if": {}}]}, {}, (True, "on", "TARGETING_MATCH")),
    ("a rule with a share needs a user", {"rules": [{"if": PRO, "percentage": 50}]}, {"user": None, **PRO}, (None, None, "TARGETING_KEY_MISSING")),
    ("a rule without a share needs none", {"rules": [{"if": PRO}]}, {"user": None, **PRO}, (True, "on", "TARGETING_MATCH")),
    # 6. The flag's own percentage or split.
    ("0 % is nobody", {"percentage": 0}, {}, (False, "off", "SPLIT")),
    ("100 % is everybody", {"percentage": 100}, {}, (True, "on", "SPLIT")),
    ("100 % needs no user", {"percentage": 100}, {"user": None}, (True, "on", "SPLIT")),
    ("a percentage without a user", {"percentage": 50}, {"user": None}, (None, None, "TARGETING_KEY_MISSING")),
    ("everyone else's percentage", {"rules": [{"if": PRO}], "percentage": 100}, {}, (True, "on", "SPLIT")),
    ("a split", {"variants": BANNER, "split": {"plain": 0, "loud": 1}}, {}, ("#f60", "loud", "SPLIT")),
    ("a split of on and off", {"split": {"on": 0, "off": 1}}, {}, (False, "off", "SPLIT")),
    # 7. Everyone else.
    ("without anything it is on", {}, {}, (True, "on", "STATIC")),
    ("without anything it needs no user", {}, {"user": None}, (True, "on", "STATIC")),
    ("without anything a variant flag gives its first", {"variants": BANNER}, {}, ("#444", "plain", "STATIC")),
    ("without anything a variant flag gives its default", {"variants": BANNER, "default": "loud"}, {}, ("#f60", "loud", "STATIC")),
    ("targeted by rules: off for everyone else", {"rules": [{"if": PRO}]}, {}, (False, "off", "DEFAULT")),
    ("targeted: the default for everyone else", {"variants": BANNER, "default": "loud", "rules": [{"if": PRO, "value": "plain"}]}, {}, ("#f60", "loud", "DEFAULT")),
    ("otherwise says it aloud", {"otherwise": False}, {}, (False, "off", "STATIC")),
    ("otherwise after rules", {"rules": [{"if": PRO, "value": False}], "otherwise": True}, {}, (True, "on", "DEFAULT")),
    ("otherwise a variant", {"variants": BANNER, "otherwise": "loud"}, {}, ("#f60", "loud", "STATIC")),
]  # fmt: skip


@pytest.mark.parametrize(("flag", "asked", "expected"), [pytest.param(*row[1:], id=row[0]) for row in GATES])
def test_each_gate_in_its_order(
    kit: Kit, flag: dict[str, Any], asked: dict[str, Any], expected: tuple[Any, str | None, str]
) -> None:
    """Otherwise people get a feature that was not meant for them, or lose one that was."""
    others = {
        "yes": {}, "no": {"otherwise": False}, "never": {"enabled": False}, "half": {"percentage": 50},
        "theme": {"variants": {"light": 1, "dark": 2}, "otherwise": "dark"},
    }  # fmt: skip
    made = kit({"f": flag, **others})
    assert _answer(made, **asked) == expected
    if "key" not in asked:
        # The explanation is a second and slower opinion on the same definition.
        told = made.explain(
            "f", asked.get("user", "u"), context={k: v for k, v in asked.items() if k != "user"}
        )
        found = told.evaluation
        assert (found.value, found.variant, str(found.error_code or found.reason)) == expected


def test_an_override_wins_over_every_gate(kit: Kit) -> None:
    """Otherwise a kill switch depends on what it is meant to stop."""
    made = kit({"f": {"enabled": False, "allowlist": ["u"]}}, environ={"RELIAKIT_FLAG_F": "on"})
    assert _answer(made) == (True, "on", "STATIC")


def test_a_percentage_is_hit_and_keeps_every_user_when_it_grows(kit: Kit) -> None:
    """Otherwise people who had a feature lose it when more are to get it."""
    before: set[str] = set()
    for percentage in (0, 1, 10, 25.5, 60, 100):
        made = kit({"f": {"percentage": percentage}})
        now = {user for user in USERS if made.enabled("f", user)}
        assert before <= now
        assert abs(len(now) / len(USERS) - percentage / 100) < 0.05
        before = now
    assert len(before) == len(USERS)


def test_a_rules_percentage_is_a_share_of_its_own_users(kit: Kit) -> None:
    """Otherwise a trial among a few customers reaches nobody, or all of them."""
    made = kit({"f": {"rules": [{"if": PRO, "percentage": 25}], "percentage": 0}})
    on = sum(made.enabled("f", user, context=PRO) for user in USERS)
    assert abs(on / len(USERS) - 0.25) < 0.05
    assert not any(made.enabled("f", user) for user in USERS)


def test_a_split_follows_its_shares_whatever_they_add_up_to(kit: Kit) -> None:
    """Otherwise shares of 1 and 3 are read as 1 % and 3 %."""
    made = kit({"f": {"variants": {"a": "a", "b": "b", "c": "c"}, "split": {"a": 1, "b": 3, "c": 0}}})
    found = [made.value("f", "", user=user) for user in USERS]
    assert abs(found.count("b") / len(USERS) - 0.75) < 0.05
    assert found.count("a") + found.count("b") == len(USERS)


def test_flags_draw_independently_unless_they_share_a_salt(kit: Kit) -> None:
    """Otherwise the same unlucky users try everything first; or two halves of one feature reach different users."""
    made = kit({"a": {"percentage": 50}, "b": {"percentage": 50}, "c": {"percentage": 50, "salt": "a"}})
    of = {key: {user for user in USERS if made.enabled(key, user)} for key in "abc"}
    assert abs(len(of["a"] & of["b"]) / len(USERS) - 0.25) < 0.05
    assert of["a"] == of["c"]


def test_segments_hold_wherever_they_are_used(kit: Kit) -> None:
    """Otherwise a change of who is staff has to be made in every rule."""
    segments = {
        "staff": {"email": {"ends_with": "@example.com"}},
        "paying": {"plan": ["pro"]},
        "early": {"all": [{"segment": "staff"}, {"not": {"segment": "paying"}}]},
    }
    flags = {
        "a": {"rules": [{"if": {"segment": "early"}}]},
        "b": {"rules": [{"if": {"segment": ["staff", "paying"]}}]},
    }
    made = kit(flags, segments)
    jo = {"email": "jo@example.com", "plan": "free"}
    assert made.enabled("a", "u", context=jo)
    assert not made.enabled("a", "u", context={**jo, "plan": "pro"})
    assert not made.enabled("a", "u", context={"email": "jo@example.com"}), "an unknown plan is not no plan"
    assert made.enabled("b", "u", context={"plan": "pro"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("on", True),
        ("off", False),
        ("true", True),
        ("FALSE", False),
        ("1", True),
        ("0", False),
        ("yes", True),
    ],
)
def test_the_environment_wins_over_the_file(kit: Kit, text: str, expected: bool) -> None:
    """Otherwise nobody can pull a flag on a host whose file can't be written."""
    made = kit({"new-checkout": {"percentage": 50}}, environ={"RELIAKIT_FLAG_NEW_CHECKOUT": text})
    assert {made.enabled("new-checkout", user) for user in USERS[:100]} == {expected}


def test_the_environment_names_variants_and_makes_flags(kit: Kit) -> None:
    """Otherwise an experiment can't be pinned by hand, or a flag be tried before it is in the file."""
    environ = {"RELIAKIT_FLAG_BANNER": "loud", "RELIAKIT_FLAG_EXTRA": "3", "RELIAKIT_FLAG_NEW": "on"}
    made = kit({"banner": {"variants": BANNER}}, environ=environ)
    assert made.value("banner", "", user="u") == "#f60"
    assert made.value("extra", 0) == 3
    assert made.enabled("new")


def test_an_unreadable_override_changes_nothing_and_is_logged(
    kit: Kit, caplog: pytest.LogCaptureFixture
) -> None:
    """Otherwise a slip in a variable turns a flag into something nobody defined."""
    made = kit({"banner": {"variants": BANNER}}, environ={"RELIAKIT_FLAG_BANNER": "lout"})
    assert made.value("banner", "", user="u") == "#444"
    assert 'RELIAKIT_FLAG_BANNER: expected one of plain, loud, got "lout"' in caplog.text


def test_what_is_wrong_with_a_flag_alone_leaves_the_others(kit: Kit) -> None:
    """Otherwise one slip in a file of a hundred flags takes all of them down."""
    result = loaded("format: 1\nflags: {a: {percentage: 10}, b: {percentage: 200}}")
    assert result.definitions is not None
    assert list(result.definitions.flags) == ["a"]
    assert len(result.problems) == 1


def test_an_explanation_reads_as_a_person_would_tell_it(kit: Kit) -> None:
    """Otherwise support can't say why a customer sees what they see."""
    flags = {
        "search": {"percentage": 100},
        "checkout": {
            "prerequisites": ["search"],
            "allowlist": ["user-1"],
            "rules": [{"if": PRO, "percentage": 25}, {"if": {"age": {"gt": 17}}}],
            "otherwise": False,
        },
    }
    made = kit(flags)
    assert str(made.explain("checkout", "user-2", context={"age": "12"})).splitlines() == [
        "checkout = False (DEFAULT, variant off)",
        "  1. it requires search = on",
        "  2. search: everyone else: 100 % get on",
        "  3. user 'user-2' is not on the allowlist",
        "  4. rule 1 can't be told, so it does not apply: plan is missing",
        "  5. rule 2 can't be told, so it does not apply: age is not of the kind that the rule compares",
        "  6. everyone else: off",
    ]
    assert str(made.explain("chekout", "user-2")).splitlines() == [
        "chekout = None (FLAG_NOT_FOUND)",
        '  1. there is no flag "chekout": did you mean "checkout"?',
    ]
