"""No text of a user ever becomes code."""

import re
from types import CodeType, FunctionType
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from reliakit.core import flags
from tests.core.compiled import ask, evaluator, snapshot

_HOSTILE = [
    '"', "'", "\\", "\n", "\r\n", "\x00", "{", "}", "{value}", "{k0}", "%s", "k0", "user", "attributes", "#", ";", '"""',
    '"] or __import__("os").system("true") or k0["', "') or True or ('", r"\N{BULLET}", "\u2028", "é", "\N{MATHEMATICAL BOLD SMALL K}", "__class__",
    "raise SystemExit", "return k1", ") : pass\nimport os\nif (",
]  # fmt: skip
_texts = st.sampled_from(_HOSTILE) | st.lists(st.sampled_from(_HOSTILE), min_size=2, max_size=3).map("".join)

_LINE = re.compile(
    r"[ ()\[\]:=,<>]|\b(?:def evaluate|user|attributes|text|held|met|if|else|try|except|Exception|return|None|True|False|is"
    r"|not|in|and|or|type|str|get|isascii|murmur3|hashable|bisect|k\d+)\b|:=|\.|\n"
)
_FIXED = {
    *(
        "evaluate",
        "user",
        "attributes",
        "text",
        "held",
        "met",
        "type",
        "str",
        "get",
        "isascii",
        "murmur3",
        "hashable",
    ),
    *("bisect", "Exception"),
}


def _flag(key: str, attribute: str, operand: str, user: str) -> dict[str, Any]:
    tests = [
        {attribute: operand},
        {attribute: [operand, 1]},
        {attribute: {"not_in": [operand]}},
        {attribute: {"starts_with": operand, "present": True}},
        {"not": {attribute: {"contains": [operand]}}},
        {"any": [{attribute: {"equals": operand}}, {"all": [{attribute: {"absent": True}}]}]},
    ]
    split = {"split": {"a": 30, "b": 30, "c": 40}}
    return {
        "variants": {"a": operand, "b": [operand], "c": {operand: operand}},
        "salt": operand,
        "allowlist": {"b": [user]},
        "prerequisites": {"base": "on"},
        "rules": [{"if": test, **split} for test in tests],
        **split,
    }


def _codes(code: CodeType) -> list[CodeType]:
    return [
        code,
        *(inner for const in code.co_consts if isinstance(const, CodeType) for inner in _codes(const)),
    ]


@settings(max_examples=150)
@given(_texts, _texts, _texts)
@example("k0", "k1", "k2")
def test_a_compiled_flag_names_nothing_but_its_constants(attribute, operand, user):
    """Otherwise whoever may edit a flag, or send an attribute, may run code in every worker."""
    sections = {"flags": {"it": _flag("it", attribute, operand, user), "base": {"percentage": 100}}}
    function = evaluator(snapshot(sections).flags, "it")
    assert isinstance(function, FunctionType)
    for code in _codes(function.__code__):
        named = {*code.co_names, *code.co_varnames, *code.co_freevars, *code.co_cellvars}
        assert {name for name in named if not re.fullmatch(r"k\d+", name)} <= _FIXED
        assert set(code.co_consts) <= {None, True, False}


@settings(max_examples=50)
@given(_texts, _texts, _texts)
def test_the_source_is_made_of_fixed_words_and_made_up_names(attribute, operand, user):
    """Otherwise a quote in a flag ends a string in our code."""
    seen: list[str] = []
    kept = flags._bytecode

    def spy(source: str) -> CodeType:
        seen.append(source)
        return kept(source)

    flags._bytecode = spy  # type: ignore[assignment]
    try:
        evaluator(snapshot({"flags": {"it": _flag("it", attribute, operand, user), "base": {}}}).flags, "it")
    finally:
        flags._bytecode = kept
    assert len(seen) == 1
    assert _LINE.sub("", seen[0]) == ""


@settings(max_examples=100)
@given(_texts, _texts, _texts)
def test_hostile_text_means_itself(attribute, operand, user):
    """Otherwise a name with a quote in it can't be used in a rule."""
    rules = [
        {"if": {attribute: operand}},
        {"if": {"not": {attribute: {"contains": operand}}}, "value": "off"},
    ]
    built = snapshot({"flags": {"it": {"allowlist": [user], "rules": rules}}}).flags
    assert ask(built, "it", user, {}).reason == "TARGETING_MATCH"
    assert ask(built, "it", None, {attribute: operand}).variant == "on"
    assert ask(built, "it", None, {attribute: "-"}).reason == "TARGETING_MATCH"
    assert ask(built, "it", None, {}).reason == "DEFAULT"


def test_flags_of_one_shape_share_their_bytecode():
    """Otherwise a thousand flags cost a thousand compilations."""
    shaped = {
        f"f{n}": {"rules": [{"if": {f"attribute {n}": f"value {n}"}}], "percentage": n + 1} for n in range(20)
    }
    built = snapshot({"flags": shaped}).flags
    assert len({id(evaluator(built, key).__code__) for key in shaped}) == 1
