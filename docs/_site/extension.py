"""What the pages can say to Sphinx beside Markdown: generated parts, settings and metrics as objects, pictures."""

import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from docs._site.commands import commands_page
from docs._site.enums import error_codes_page, reasons_page
from docs._site.metrics import fleet_page, metrics_page
from docs._site.names import names_page
from docs._site.pictures import FOLDER, drawn
from docs._site.settings import operators_page, settings_page

__all__ = ["setup"]

_PAGES = {
    "settings": settings_page,
    "operators": operators_page,
    "commands": commands_page,
    "metrics": metrics_page,
    "fleet-metrics": fleet_page,
    "names": names_page,
    "error-codes": error_codes_page,
    "reasons": reasons_page,
}
_PATTERN = re.compile(r"^([\w/-]+\*)\n", re.MULTILINE)
_NAMED = re.compile(r"^(```)(\w+) (\S+)$", re.MULTILINE)


class Generated(SphinxDirective):
    """Stands for a part that is made of the code: `{generated} settings`."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Returns the part, its headings included."""
        return self.parse_text_to_nodes(_PAGES[self.arguments[0]](), allow_section_headings=True)


class Mermaid(SphinxDirective):
    """Shows our own drawing of the one diagram that pages hold as Mermaid, which repositories draw by themselves."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Returns the drawing."""
        return [nodes.raw("", drawn()["phases"], format="html")]


def inline(app: Sphinx, doctree: nodes.document, name: str) -> None:
    """Puts pictures into the page instead of beside it, so that they follow the reader's choice of light and dark."""
    for image in list(doctree.findall(nodes.image)):
        path = Path(image["uri"])
        if path.suffix == ".svg" and path.parent.name == FOLDER.name:
            image.replace_self(nodes.raw("", (FOLDER / path.name).read_text(), format="html"))


def captioned(app: Sphinx, name: str, content: list[str]) -> None:
    """Shows the name of a file above what it holds: pages name it behind the language."""
    content[0] = _NAMED.sub(r"\1{code-block} \2\n:caption: \3\n", content[0])


def without_gaps(app: Sphinx, name: str, content: list[str]) -> None:
    """Leaves patterns of the table of contents out that match no page: some are there before what they wait for."""
    root = Path(app.srcdir)
    content[0] = _PATTERN.sub(lambda found: found[0] if any(root.glob(f"{found[1]}.md")) else "", content[0])


def skipped(app: Sphinx, kind: str, name: str, member: Any, skip: bool, options: Any) -> bool | None:
    """Leaves out what a class has from others than us, and the tests of the contracts, which are for those who run them."""
    if (
        kind == "module"
    ):  # whatever is in `__all__` is ours; and it may be a proxy that stands for nothing here
        return None
    held = getattr(member, "fget", None) or member
    ours = str(getattr(held, "__module__", None) or "builtins").startswith("reliakit")
    return True if name.startswith("test_") or (callable(held) and not ours) else None


def untyped(app: Sphinx, kind: str, name: str, member: Any, options: Any, lines: list[str]) -> None:
    """Gives a sentence back the words before its colon, which napoleon takes for a type: ours stand in annotations."""
    for at, line in enumerate(lines):
        if kind in ("attribute", "property", "data") and line.startswith(":type: "):
            lines[:] = [f"{line.removeprefix(':type: ')}: {lines[0]}", *lines[1:at]]
            return


def fences_as_blocks(app: Sphinx, kind: str, name: str, member: Any, options: Any, lines: list[str]) -> None:
    """Turns fenced code in docstrings into what autodoc understands."""
    fenced = False
    for at, line in enumerate(lines):
        if line.startswith("```"):
            fenced, lines[at] = not fenced, "" if fenced else "::"
            lines[at] += "\n" * fenced
        elif fenced:
            lines[at] = f"    {line}"
    lines[:] = "\n".join(lines).split("\n")


def setup(app: Sphinx) -> dict[str, Any]:
    """Registers all of it."""
    app.add_object_type("setting", "setting", "pair: %s; setting", objname="setting")
    app.add_object_type("metric", "metric", "pair: %s; metric", objname="metric")
    app.add_directive("generated", Generated)
    app.add_directive("mermaid", Mermaid)
    app.connect("source-read", captioned)
    app.connect("source-read", without_gaps)
    app.connect("doctree-resolved", inline)
    app.connect("autodoc-skip-member", skipped)
    app.connect("autodoc-process-docstring", untyped)
    app.connect("autodoc-process-docstring", fences_as_blocks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
