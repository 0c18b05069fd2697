"""The documents do what they say when they are followed word for word."""

import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import pytest

from reliakit.cli.program import program
from reliakit.telemetry import METRICS
from reliakit.telemetry.fleet_metrics import FLEET

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```", re.MULTILINE | re.DOTALL)


async def shop(connection: Any, receive: Any, send: Any) -> None:
    """An application for the pages that wrap one."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_can_be_followed(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise a newcomer's first five minutes end in a traceback."""
    monkeypatch.chdir(tmp_path)
    names = _module(tmp_path, monkeypatch)
    for language, name, body in BLOCK.findall(page.read_text()):
        if language == "yaml":
            Path(name).write_text(body)
            assert _reliakit("check", name) == 0
        elif language == "python":
            exec(compile(body, str(page), "exec"), names)
        elif language == "sh":
            for line in body.splitlines():
                if line.startswith("reliakit "):
                    assert _reliakit(*line.split()[1:]) == 0, line


def _module(folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Returns the names of a module that lies beside the definitions, as a reader's does."""
    module = ModuleType("shop")
    module.__file__ = str(folder / "shop.py")
    monkeypatch.setitem(sys.modules, "shop", module)
    names = module.__dict__
    names.update(app=shop, shop=shop, shop_v2=shop)
    return names


def _reliakit(*arguments: str) -> int:
    command = [sys.executable, "-m", "reliakit", *arguments]
    return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode


def test_every_metric_is_documented() -> None:
    """Otherwise nobody would know what to look at, or what a name means."""
    page = (ROOT / "docs" / "telemetry.md").read_text()
    rows = {line.split("`")[1]: line for line in page.splitlines() if line.startswith("| `reliakit.")}
    assert set(rows) == {metric.name for metric in METRICS}
    for metric in METRICS:
        assert f"| {metric.unit} |" in rows[metric.name], metric.name


def test_every_command_is_documented() -> None:
    """Otherwise people would have to guess what there is."""
    pages = "\n".join(page.read_text() for page in PAGES)
    for command in program.list_commands(click.Context(program)):
        assert f"reliakit {command}" in pages or f"make {command}" in pages, command


def test_every_metric_of_the_fleet_is_documented() -> None:
    """Otherwise nobody would know what to scrape, or how to select it."""
    page = (ROOT / "docs" / "telemetry.md").read_text()
    rows = {line.split("`")[1]: line for line in page.splitlines() if line.startswith("| `reliakit_fleet")}
    assert set(rows) == {metric.name for metric in FLEET}
    for metric in FLEET:
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        assert rows[metric.name] == f"| `{metric.name}` | {metric.type} | {labels}{' ' * bool(labels)}|"
