"""Documents in three formats: what values mean, where they stand, and how broken syntax is told."""

from typing import Any

import pytest

from reliakit.definitions.documents import Document, read, run


def _document(text: str | bytes, name: str = "reliakit.yaml") -> Document:
    document, problems = run(read(text, name))
    assert not problems
    assert document is not None
    return document


def _problems(text: str | bytes, name: str = "reliakit.yaml") -> list[str]:
    return [str(problem) for problem in run(read(text, name))[1]]


@pytest.mark.parametrize(
    "text",
    ["NO", "on", "Yes", "y", "off", "2026-11-23", "1_000", "0777", "007", "12:30:45", "1e", "0b1", "tRUE", "1.2.3",
     "1e999", "+0x1F", "=", "0o8", "9" * 500],
)  # fmt: skip
def test_a_word_that_older_yaml_would_reinterpret_stays_text(text: str) -> None:
    """Otherwise Norway is off, a version loses its zeros, and a zip code becomes a number."""
    assert _document(f"a: {text}").data == {"a": text}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("true", True),
        ("FALSE", False),
        ("-12", -12),
        ("+3", 3),
        ("0", 0),
        ("0o17", 15),
        ("0x1F", 31),
        ("2.10", 2.1),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("-.inf", float("-inf")),
        ("!!str 10", "10"),
        ("!!float 1", 1.0),
        ("'10'", "10"),
        ("|\n  10\n", "10\n"),
    ],
)
def test_a_scalar_is_what_yaml_1_2_says(text: str, value: object) -> None:
    """Otherwise numbers arrive as text, or quoted text as numbers."""
    found = _document(f"a: {text}").data["a"]
    assert found == value
    assert type(found) is type(value)


def test_keys_stay_as_written() -> None:
    """Otherwise a flag named `on` or a variant named `2.10` could not be found by its name."""
    assert _document("on: 1\n2.10: 2\nnull: 3\n'<<': 4\n").data == {"on": 1, "2.10": 2, "null": 3, "<<": 4}


def test_an_alias_repeats_a_value_and_points_to_where_it_is_written() -> None:
    """Otherwise shared lists must be copied by hand, or their errors point nowhere."""
    document = _document("a: &users\n  - ann\n  - bob\nb: *users\nc: {d: *users}\n")
    assert document.data == {"a": ["ann", "bob"], "b": ["ann", "bob"], "c": {"d": ["ann", "bob"]}}
    assert [document.line(path) for path in [("b",), ("b", 1), ("c", "d", 0), ("c", "x")]] == [4, 3, 2, 5]


@pytest.mark.parametrize("name", ["x.yaml", "x.json", "x.toml"])
def test_every_format_knows_its_lines(name: str) -> None:
    """Otherwise an error message sends its reader to the wrong line, or to none."""
    texts = {
        "x.yaml": "format: 1\nflags:\n  a:\n    rules:\n      - if: {plan: pro}\n        percentage: 5\n",
        "x.json": '{"format": 1,\n\n"flags": {"a":\n{"rules": [\n{"if": {"plan": "pro"},\n"percentage": 5}]}}}',
        "x.toml": "format = 1\n\n[flags.a]\n[[flags.a.rules]]\nif = {plan = 'pro'}\npercentage = 5\n",
    }
    document = _document(texts[name], name)
    assert document.data == {
        "format": 1,
        "flags": {"a": {"rules": [{"if": {"plan": "pro"}, "percentage": 5}]}},
    }
    rule = ("flags", "a", "rules", 0)
    assert [document.line((*rule, "if")), document.line((*rule, "percentage"))] == [5, 6]
    assert document.line((*rule, "if", "country")) == 5


def test_all_formats_give_one_model_of_dates() -> None:
    """Otherwise `created` would work in YAML and fail in TOML."""
    assert _document("a = 2026-11-23\nb = [07:30:00]", "x.toml").data == {
        "a": "2026-11-23",
        "b": ["07:30:00"],
    }


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("x.yaml", "a: 1\nb:\n  c: 1\n  c: 2\na: 3", ["x.yaml:4: b.c: written twice, first on line 3", "x.yaml:5: a:"]),
        ("x.json", '{"a": 1,\n"b": {"c": 1,\n"c": 2},\n"a": 3}', ["x.json:3: b.c: written twice", "x.json:4: a:"]),
        ("x.toml", "a = 1\na = 2\n[b]\n[b]\nc = 1\n[d]\na.b = 1\na.b = 2", ["x.toml:2: a:", "x.toml:4: b:", "x.toml:8: d.a.b:"]),
        ("x.toml", "a = {b = 1}\na.c = 1\n[a.d]\n", ["x.toml:2: a: written twice, first on line 1", "x.toml:3: a:"]),
    ],
)  # fmt: skip
def test_every_duplicate_is_reported_and_the_first_is_kept(name: str, text: str, told: list[str]) -> None:
    """Otherwise the later of two settings wins silently, or mending takes one run per duplicate."""
    document, problems = run(read(text, name))
    assert len(problems) == len(told)
    for problem, words in zip(problems, told, strict=True):
        assert str(problem).startswith(words)
    assert document is not None
    assert document.data["a"] in (1, {"b": 1})


YAML_SLIPS = [
    ("a:\n\tb: 1\n", "2:1: a tab in the indentation"),
    ("a:\n  b: 1\n\tc: 2\n", "3:1: a tab in the indentation"),
    ("a: 1\nb 2\nc: 3\n", '2:1: a colon is missing after "b 2"'),
    ("flags\n  a: 1\n", '1: a colon is missing after "flags"'),
    ("a:1\nb: 2\n", '1:1: a space is missing after the colon of "a"'),
    ("a:1\n", '1: expected a mapping at the top, got "a:1" (put a space'),
    ("a: [1, 2\nb: 3\n", "1:4: the [ that opens here is not closed before line 2"),
    ("a: {x: 1\nb: 3\n", "1:4: the { that opens here is not closed before line 2"),
    ("a: {b: 1 c: 2}\n", "1:11: expected a comma or } here"),
    ('a: "x\nb: 2\n', '1:4: the " that opens here is never closed'),
    ("a: 'x\nb: 2\n", "1:4: the ' that opens here is never closed"),
    ("a:\n  b: 1\n   c: 2\n", "3: this is indented below line 2, which already has a value"),
    ("a:\n    b: 1\n  c: 2\n", "3:3: the indentation of this line matches none"),
    ("a: b: c\n", "1:5: a second colon on one line"),
    ("a: @x\n", "1:4: a plain value can't start with @"),
    ("a: %x\n", "1:4: a plain value can't start with %"),
    ("a: *\n", "1:4: * must be followed by a name"),
    ("a: 1\n- b\n", "2:1: a list item where a key is expected"),
    ("- a\nb: 1\n", '2:1: "b: 1" stands between the items of a list'),
    ('a: "x" y\n', '1:8: "y" follows a value that is complete'),
    ('a: "\\q"\n', "1:5: an unknown escape"),
    ("a: |x\n  foo\n", "1:5: text on the line of a |"),
    ("a: ]\n", '1:4: expected a value, got "]"'),
    ("a: [", "the document ends where a value is expected"),
    (": 1\n", "1:1: a key is missing before the colon"),
    ("{: 1}\n", "1:2: a key is missing before the colon"),
    ("? [a]\n: b\n", "1:3: a key must be plain text"),
    ("a: \x01\n", "1:4: a control character (U+0001)"),
    ("a: 1\n---\nb: 2\n", "2:1: a second document starts here"),
    ("%YAML 1.1\n---\na: 1\n", "1:1: this asks for another YAML"),
    ("%FOO\n---\na: 1\n", "1: lines that start with % are not used"),
    ("a: *x\n", "1:4: a: nothing above is marked &x"),
    ("a: &users 1\nb: *user\n", "2:4: b: nothing above is marked &user (did you mean *users?)"),
    ("a: &x {b: *x}\n", "1:11: a.b: *x stands inside of &x"),
    ("a: &x {b: 1}\nc:\n  <<: *x\n", "3:3: c: YAML 1.2 has no merge keys"),
    ("a: !!python/object:os.system x\n", "1:4: a: the tag"),
    ("a: !foo!bar x\n", "1:4: tags (!) are not used here"),
    ("a: !mine {b: 1}\n", "1:4: a: the tag !mine is not allowed"),
    ("a: !!int x\n", "1:4: a: what follows the tag !!int is something else"),
    ("a: !!seq {b: 1}\n", "1:4: a: what follows the tag is something else"),
    ("- a\n", "1: expected a mapping at the top, got a list of 1 item"),
    ("", "the document is empty (start with the line `format: 1`)"),
    ("# nothing\n", "the document is empty"),
    ("---\n", "the document is empty"),
]
JSON_SLIPS = [
    ('{"a": 1,}', "1:9: a comma before the closing } (remove the comma)"),
    ('{"a": [1,]}', "1:10: a[1]: a comma before the closing ]"),
    ("{'a': 1}", "1:2: JSON has no single quotes"),
    ('{"a": NaN}', "1:7: a: JSON has no NaN"),
    ('{"a": -Infinity}', "1:7: a: JSON has no NaN and no Infinity"),
    ('{"a": 01}', "1:7: a: this number is not written as JSON has it"),
    ('{"a": 1e999}', "1:7: a: a number too large"),
    ('{"a": ' + "9" * 5000 + "}", "1:7: a: a number too large"),
    ('{"a":\n1', "2:2: the { that opens on line 1 is never closed"),
    ('{"a": "x\n"}', "1:7: a: this text is not closed on its line"),
    ('{"a": "\\q"}', "1:7: a: an unknown escape"),
    ('{"a": "\\ud800"}', "1:7: a: an escape that is no character"),
    ('{"a": 1} x', "1:10: something follows the end"),
    ('{"a" 1}', '1:6: a: expected a colon after the key, got "1"'),
    ('{"a": 1 "b": 2}', '1:9: expected a comma or the closing bracket, got "b"'),
    ("{a: 1}", "1:2: expected a key in double quotes"),
    ('{"a": True}', "1:7: a: this is Python, not JSON (write true"),
    ('{"a": tru}', '1:7: a: expected a value, got "tru"'),
    ('{"a": }', "1:7: a: a value is missing after the colon"),
    ('{"a": [1}', "1:9: a[1]: } can't close the [ of line 1"),
    ("// x\n{}", "1:1: JSON has no comments"),
    ("[1]", "1: expected a mapping at the top"),
    (" \n", "the document is empty"),
]
TOML_SLIPS = [
    ("a: 1\n", "1:2: expected = after the key"),
    ("a =\n", "1:4: this is no value as TOML writes it"),
    ("b = 1\na = yes\n", "2:5: this is no value as TOML writes it"),
    ("a = [1,\nb = 2\n", "2:1: no value of the list that starts on line 1"),
    ("a = [1,\n2,\n", "1: the list that starts here is not closed"),
    ("a = {b = 1,\n", "1:12: the { on this line is not closed"),
    ('a = "x\n', "1:7: a text on this line is never closed"),
    ('a = """x\n', "1: a text that starts here is never closed"),
    ("b = 1\na = 'x\n", "2: a text that starts here is never closed"),
    ("[a\n", "1: the [ that opens this header is not closed"),
    ("a = 2026-13-01\n", "1:9: something follows a value that is complete"),
    ('a = "\\q"\n', "1:8: an unknown escape"),
    ("= 1\n", "1:1: expected a key or a [table]"),
    ("a = '\x01'\n", "1:6: a control character"),
    ("a = " + "9" * 5000 + "\n", "1: a number too large"),
    ("", "the document is empty"),
]
SLIPS = [
    (name, text, told)
    for name, slips in [("x.yaml", YAML_SLIPS), ("x.json", JSON_SLIPS), ("x.toml", TOML_SLIPS)]
    for text, told in slips
]


@pytest.mark.parametrize(
    ("name", "text", "told"), SLIPS, ids=[f"{slip[0]}-{slip[1][:20]!r}" for slip in SLIPS]
)
def test_a_slip_is_told_where_it_is_and_how_to_mend_it(name: str, text: str, told: str) -> None:
    """Otherwise a newcomer reads what a parser expected, not what to change."""
    document, problems = run(read(text, name))
    assert document is None
    assert len(problems) == 1
    assert told in str(problems[0])
    assert str(problems[0]).startswith(name)
    assert problems[0].hint


def test_toml_reports_the_broken_lines_of_a_document_together() -> None:
    """Otherwise each run of `check` shows one slip more."""
    assert len(_problems("a = yes\nb = 1\nc 3\n[d]\ne = no\n", "x.toml")) == 3


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"a: \xff", "x.yaml:1: not UTF-8 text"),
        (b"a: 1\nb: \xe9", "x.yaml:2: not UTF-8 text"),
        ("a: 1\nb: \ud800", "x.yaml:2: not UTF-8 text"),
        ("a: 1\n".encode("utf-16"), "x.yaml:1: not UTF-8 text"),
        (b"a: " + b"x" * 2_100_000, "x.yaml: larger than 2 MiB"),
    ],
)
def test_text_that_cannot_be_a_document_is_refused(text: str | bytes, told: str) -> None:
    """Otherwise a wrong file or encoding ends in an exception of some parser."""
    assert _problems(text, "x.yaml")[0].startswith(told)


def test_a_byte_order_mark_does_no_harm() -> None:
    """Otherwise files saved by some Windows editors would not load."""
    assert _document(b"\xef\xbb\xbfformat: 1").data == {"format": 1}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.yaml", "a: " + "[" * 5000),
        ("x.yaml", "a: " + "{b: " * 5000),
        ("x.json", '{"a": ' + "[" * 100_000),
        ("x.toml", "a = " + "[" * 100_000),
        ("x.toml", ".".join("a" * 100) + " = 1"),
        ("x.toml", "[" + ".".join("a" * 65) + "]"),
        ("x.yaml", "a: &a " + "[" * 40 + "]" * 40 + "\nb: " + "[" * 40 + "*a" + "]" * 40),
    ],
)
def test_deep_nesting_is_refused(name: str, text: str) -> None:
    """Otherwise a hostile document ends the process in a RecursionError."""
    assert "nested more than 64 levels deep" in _problems(text, name)[0]


def test_sixty_four_levels_are_allowed_in_every_format() -> None:
    """Otherwise the bound would differ by format."""
    brackets = "[" * 63 + "]" * 63
    for name, text in [
        ("x.yaml", f"a: {brackets}"),
        ("x.json", f'{{"a": {brackets}}}'),
        ("x.toml", f"a = {brackets}"),
    ]:
        _document(text, name)
        assert "levels deep" in _problems(text.replace(brackets, f"[{brackets}]"), name)[0]


def test_aliases_that_explode_are_refused() -> None:
    """Otherwise a kilobyte of "billion laughs" takes the memory of the host."""
    lines = ["a0: &a0 [" + ", ".join("x" * 10) + "]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert "its aliases repeat more than 200,000 values" in _problems("\n".join(lines))[0]


@pytest.mark.parametrize("name", ["x.yaml", "x.json", "x.toml"])
def test_reading_pauses_often(name: str) -> None:
    """Otherwise a reload of a large file delays the requests of its process."""
    texts = {
        "x.yaml": "".join(f"k{n}: {{a: [1, 2, 3], b: x}}\n" for n in range(500)),
        "x.json": "{" + ",".join(f'"k{n}": {{"a": [1, 2, 3], "b": "x"}}' for n in range(500)) + "}",
        "x.toml": "".join(f"k{n} = {{a = [1, 2, 3], b = 'x'}}\n" for n in range(500)),
    }
    pauses = sum(1 for _ in read(texts[name], name))
    assert pauses >= 500 * 10 / 100


def test_pure_python_yaml_tells_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise messages are useless on platforms without libyaml."""
    yaml: Any = pytest.importorskip("yaml")
    monkeypatch.setattr(yaml, "CLoader", yaml.Loader)
    differing = [(text, told) for text, told in YAML_SLIPS if told not in "".join(_problems(text, "x.yaml"))]
    # The two stop at slightly different places in these, with the same advice.
    assert {text for text, _ in differing} <= {'a: "\\q"\n', "%FOO\n---\na: 1\n", "a: 1\nb 2\nc: 3\n"}
