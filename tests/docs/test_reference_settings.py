"""Nothing that a definitions file may say is undocumented."""

from typing import Any

import msgspec

from docs._site.settings import EXAMPLE, operators_page, sections, settings_page, undocumented
from reliakit.definitions.documents import Document, run
from reliakit.definitions.loading import load
from reliakit.definitions.operators import OPERATORS
from reliakit.definitions.schema import schema
from tests.docs.pages import DOCS


def test_every_setting_has_a_meaning_and_an_example() -> None:
    """Otherwise people would have to read the code to learn what a key does, or how it is written."""
    assert undocumented(sections()) == []


class Undocumented(msgspec.Struct):
    """A section.

    Attributes:
        told: what it means.
    """

    told: int = 1
    silent: int = 2


def test_a_setting_that_nobody_documented_is_found() -> None:
    """Otherwise the test above would pass whatever anybody forgets."""
    found = undocumented(sections(Undocumented, {"told": 1}))
    assert found == ["silent: no meaning", "silent: no example"]


def test_the_complete_example_is_in_order() -> None:
    """Otherwise the reference would show what is refused."""
    from reliakit.definitions.documents import read

    document, problems = run(read(EXAMPLE.read_bytes(), EXAMPLE.name))
    assert document is not None
    assert [*problems, *run(load(Document(EXAMPLE.name, document.data), {})).problems] == []


def test_the_reference_shows_every_section() -> None:
    """Otherwise a section that somebody adds would be told to editors alone."""
    page = settings_page()
    for section in sections():
        for setting in section.settings:
            assert f"::::{{setting}} {setting.path}\n" in page


def test_editors_are_told_the_same() -> None:
    """Otherwise what the reference says would not be there where people type."""
    for name, section in schema()["$defs"].items():
        for key, told in section.get("properties", {}).items() if name != "Condition" else ():
            assert _description(told), f"{name}.{key}"


def _description(told: dict[str, Any]) -> str:
    return str(told.get("description", ""))


def test_every_operator_is_documented() -> None:
    """Otherwise nobody would know how to ask for an attribute."""
    flags = (DOCS / "flags.md").read_text()
    for name in OPERATORS:
        assert f"| `{name}` |" in operators_page()
        assert f"`{name}`" in flags or f"`{name}: true`" in flags, name
