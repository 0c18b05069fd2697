"""Documents that nobody wrote by hand: generated, mutated, or not documents at all."""

import json
import math
import tomllib
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from reliakit.definitions.documents import Document, read, run
from reliakit.definitions.problems import Path

texts = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(
    ["on", "NO", "~", "null", "1", "0777", "2026-11-23", "env:X", "- a", "a: b", "a=b", '"', "'", "#", "<<", "[", "\\", "\n", ""]
)  # fmt: skip
numbers = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
leaves = texts | st.booleans() | numbers
trees = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
documents = st.dictionaries(texts, trees, min_size=1, max_size=5)


def _same(found: Any, wanted: Any) -> bool:
    """Equal, and of equal types: 1, 1.0 and True are three things."""
    if isinstance(wanted, dict):
        return found.keys() == wanted.keys() and all(_same(found[key], wanted[key]) for key in wanted)
    if isinstance(wanted, list):
        return len(found) == len(wanted) and all(map(_same, found, wanted))
    return type(found) is type(wanted) and bool(found == wanted)


def _yaml_text(text: str) -> str:
    return (
        json.dumps(text, ensure_ascii=True)
        if text.isascii() and "\x7f" not in text
        else '"' + _escaped(text) + '"'
    )


def _escaped(text: str) -> str:
    return "".join(f"\\U{ord(c):08x}" for c in text)


class Writer:
    """Block YAML, and on which line everything stands."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.places: dict[Path, int] = {}


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return _yaml_text(value)
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else repr(value)


def _lines(document: Document, data: Any, path: Path = ()) -> dict[Path, int | None]:
    found: dict[Path, int | None] = {}
    steps: Any = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for step, held in steps:
        found[*path, step] = document.line((*path, step))
        found |= _lines(document, held, (*path, step))
    return found


def _flat(writer: Writer, data: dict[str, Any]) -> None:
    """Deep paths by one step per indentation: simple enough to be obviously right."""
    writer.lines.append("# generated")
    _block(writer, data, (), "")


def _block(writer: Writer, value: Any, path: Path, indent: str) -> None:
    steps: Any = value.items() if isinstance(value, dict) else enumerate(value)
    for step, held in steps:
        mark = f"{indent}{_yaml_text(step)}:" if isinstance(step, str) else f"{indent}-"
        writer.places[*path, step] = len(writer.lines) + 1
        if isinstance(held, dict | list) and held:
            writer.lines.append(mark)
            # What stands in a list is located by its own first line, which is the next.
            if isinstance(step, int):
                writer.places[*path, step] += 1
            _block(writer, held, (*path, step), indent + "  ")
        else:
            writer.lines.append(f"{mark} {_scalar(held)}")


@given(documents)
def test_yaml_comes_back_as_it_was_written_with_its_lines(data: dict[str, Any]) -> None:
    """Otherwise values change on the way in, or errors point to other lines."""
    writer = Writer()
    _flat(writer, data)
    document, problems = run(read("\n".join(writer.lines), "x.yaml"))
    assert not problems
    assert document is not None
    assert _same(document.data, data)
    assert _lines(document, data) == writer.places


@given(documents, st.sampled_from([None, 1, 3]), st.booleans())
def test_json_comes_back_as_it_was_written(data: dict[str, Any], indent: int | None, escape: bool) -> None:
    """Otherwise values change on the way in."""
    text = json.dumps(data, indent=indent, ensure_ascii=escape)
    document, problems = run(read(text, "x.json"))
    assert not problems
    assert document is not None
    assert _same(document.data, data)


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{_escaped(key)}" = {_toml(held)}' for key, held in value.items()) + "}"
    if isinstance(value, list):
        return "[\n" + "".join(f"  {_toml(held)},\n" for held in value) + "]"
    if isinstance(value, float):
        return repr(value) if "." in repr(value) or "e" in repr(value) else f"{value:.1f}"
    return f'"{_escaped(value)}"' if isinstance(value, str) else _scalar(value)


@given(documents)
def test_toml_comes_back_as_it_was_written_with_its_lines(data: dict[str, Any]) -> None:
    """Otherwise values change on the way in, or errors point to other lines."""
    lines, text = {}, "# generated\n"
    for key, value in data.items():
        lines[key] = text.count("\n") + 1
        text += f'"{_escaped(key)}" = {_toml(value)}\n'
    document, problems = run(read(text, "x.toml"))
    assert not problems
    assert document is not None
    assert _same(document.data, data)
    assert {key: document.line((key,)) for key in data} == lines


keys = st.sampled_from(["a", "b", "c", '"x=y"', "a.b", "a.c", "b.a", "a.b.c", "' = '.a"])
values = st.sampled_from(
    ["1", "'x'", "[]", "{}", "{a = 1}", "[{a = 1}]", "{a.b = 1}", "[\n1,\n]", "2026-11-23", '"""\na = 1\n"""']
)
statements = st.one_of(
    st.builds("{} = {}".format, keys, values),
    st.builds("[{}]".format, keys),
    st.builds("[[{}]]".format, keys),
    st.just("# comment = ["),
)  # fmt: skip


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(held) for key, held in value.items()}
    if isinstance(value, list):
        return list(map(_plain, value))
    return value if isinstance(value, str | int) else value.isoformat()


@given(st.lists(statements, min_size=1, max_size=8))
@example(["[a.b]", "[a]", "b.c = 1"])
@example(["[[a]]", "[a.b]", "[[a]]", "[a.b]"])
@example(["a.b = 1", "[a]"])
@example(["[a]", "b.c = 1", "[a.b]"])
@example(["[[a]]", "[a]"])
@example(["a = [{b = 1}]", "[[a]]"])
def test_toml_tables_are_taken_and_refused_as_the_standard_library_does(lines: list[str]) -> None:
    """Otherwise a file means one thing to reliakit and another to every other tool."""
    text = "\n".join(lines)
    document, problems = run(read(text, "x.toml"))
    try:
        wanted = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        assert problems
        return
    if wanted:
        assert not problems
        assert document is not None
        assert document.data == _plain(wanted)


GOOD = {
    "x.yaml": b"format: 1\nflags:\n  a: &a {percentage: 10, allowlist: [\"x\", 'y']}\n  b: *a\n  c:\n    - |\n      text\n    - !!str 1\n",
    "x.json": b'{"format": 1, "flags": {"a": {"percentage": 1.5e1, "allowlist": ["\\u00e4", null, true]}}}',
    "x.toml": b'format = 1\n[flags.a]\npercentage = 10\nallowlist = [\n"x",\n]\n[[flags.a.rules]]\nif = {a.b = """x"""}\n',
}
pieces = st.sampled_from(
    [bytes([n]) for n in b"\n\t []{}:,\"'&*!|>%@`#-=.\\<?0aNe~"]
    + [b"\xff", b"\xc3\xa4", b"\x00", b"\xe2\x80\xa8", b"---"]
)


@given(
    st.sampled_from(sorted(GOOD)),
    st.lists(st.tuples(st.integers(0, 120), st.integers(0, 3), pieces), min_size=1, max_size=4),
)
def test_a_mutated_document_gives_problems_or_data_but_never_an_exception(
    name: str, edits: list[tuple[int, int, bytes]]
) -> None:  # fmt: skip
    """Otherwise a half-edited file ends the reload, and with it all later ones."""
    text = GOOD[name]
    for position, removed, piece in edits:
        text = text[:position] + piece + text[position + removed :]
    document, problems = run(read(text, name))
    assert document is not None or problems
    count = text.count(b"\n") + text.count(b"\r") + text.count(b"\xe2\x80\xa8") + 1
    for problem in problems:
        assert problem.line is None or 1 <= problem.line <= count
        str(problem).encode()


@given(st.binary(max_size=60) | st.text(max_size=60), st.sampled_from(sorted(GOOD)))
def test_arbitrary_input_gives_problems_or_data_but_never_an_exception(text: bytes | str, name: str) -> None:
    """Otherwise a wrong file ends the process."""
    document, problems = run(read(text, name))
    assert document is not None or problems


@given(st.floats())
def test_floats_written_by_python_are_the_same_in_yaml(value: float) -> None:
    """Otherwise a weight changes in its last digit."""
    written = {"inf": ".inf", "-inf": "-.inf", "nan": ".nan"}.get(repr(value), repr(value))
    document, _ = run(read(f"a: {written}", "x.yaml"))
    assert document is not None
    found = document.data["a"]
    assert found == value or (math.isnan(found) and math.isnan(value))
