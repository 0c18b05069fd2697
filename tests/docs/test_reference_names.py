"""No public name, error code or environment variable is undocumented."""

import ast
import re
from enum import Enum
from importlib import import_module
from types import ModuleType

import pytest

import reliakit
from docs._site.enums import members
from docs._site.names import MODULES, integrations, names_page, undocumented
from reliakit import ErrorCode, Reason, errors
from tests.docs.pages import DOCS, PAGES, ROOT, blocks


@pytest.mark.parametrize("name", [*MODULES, *integrations()])
def test_every_public_name_says_what_it_is(name: str) -> None:
    """Otherwise the reference would be a list of signatures."""
    assert undocumented(import_module(name)) == []
    assert f".. automodule:: {name}\n" in names_page()


def test_what_says_nothing_is_found() -> None:
    """Otherwise the test above would pass whatever anybody forgets."""

    class Silent:
        def told(self) -> None:
            """Does something."""

        def silent(self) -> None: ...

        def _private(self) -> None: ...

    module = ModuleType("toy")
    module.__dict__.update(__all__=["Silent", "function"], Silent=Silent, function=lambda: None)
    assert undocumented(module) == ["Silent", "Silent.silent", "function"]


def test_what_the_pages_import_is_in_the_reference() -> None:
    """Otherwise pages would tell people to use what may change without notice."""
    known = {*MODULES, *integrations()}
    for page in PAGES:
        for block in blocks(page):
            if block.language == "python":
                for module in imported(block.body):
                    assert module in known or module.startswith("reliakit_"), (page.name, module)


def imported(text: str) -> set[str]:
    """Returns the modules of ours that a piece of code imports from."""
    nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)]
    return {node.module for node in nodes if node.module and node.module.split(".")[0].startswith("reliakit")}


@pytest.mark.parametrize("enumeration", [ErrorCode, Reason])
def test_every_code_says_when_it_comes(enumeration: type[Enum]) -> None:
    """Otherwise whoever sees one in a log would not know what to do."""
    assert [name for name, text in members(enumeration).items() if not text] == []


def test_a_code_without_a_text_is_found() -> None:
    """Otherwise the test above would pass whatever anybody forgets."""

    class Code(Enum):
        """Codes."""

        TOLD = 1
        """When it comes."""
        SILENT = 2

    assert members(Code) == {"TOLD": "When it comes.", "SILENT": ""}


def test_every_exception_is_in_the_tree() -> None:
    """Otherwise people would not know what to catch."""
    page = (DOCS / "reference" / "errors.md").read_text()
    for name in errors.__all__:
        assert re.search(rf"(── |^){name}\b", page, re.MULTILINE), name


def test_every_environment_variable_is_documented_and_no_other() -> None:
    """Otherwise a process could be steered by what nobody has heard of."""
    page = (DOCS / "reference" / "environment.md").read_text()
    told = {line.split("`")[1] for line in page.splitlines() if line.startswith("| `RELIAKIT_")}
    assert {name.removesuffix("<KEY>") for name in told} == variables()


def variables() -> set[str]:
    """Returns the variables that the code names, whole or as a prefix."""
    found = set()
    for file in (ROOT / "reliakit").rglob("*.py"):
        if "demo" not in file.parts:
            found |= set(re.findall(r'"(RELIAKIT_[A-Z_]+)"', file.read_text()))
    return found


def test_the_version_has_a_changelog() -> None:
    """Otherwise the page of changes would be about nothing that anybody has."""
    assert reliakit.__all__
    assert "## [Unreleased]" in (ROOT / "CHANGELOG.md").read_text()
