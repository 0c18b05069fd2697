"""The documents do what they say when they are followed word for word."""

import os
import shlex
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from reliakit.cli.program import program
from tests.docs.pages import PAGES, blocks

_PROGRAMS = {"gunicorn": ["-m", "gunicorn"], "django-admin": ["-m", "django"], "python": ["-W", "error"]}
"""What a reader types, and how this interpreter is made to run it."""


async def shop(connection: Any, receive: Any, send: Any) -> None:
    """An application for the pages that wrap one."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_can_be_followed(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise a newcomer's first five minutes end in a traceback."""
    monkeypatch.chdir(tmp_path)
    names = _module(tmp_path, monkeypatch)
    for language, name, body in blocks(page):
        if name:
            _write(Path(name), body)
        if language == "yaml":
            _check(name, body)
        elif language == "python" and "/" not in name:
            exec(compile(body, str(page), "exec"), names)
        elif language == "sh":
            _run(body)


def _module(folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Returns the names of a module that lies beside the definitions, as a reader's does."""
    module = ModuleType("shop")
    module.__file__ = str(folder / "shop.py")
    monkeypatch.setitem(sys.modules, "shop", module)
    names = module.__dict__
    names.update(app=shop, shop=shop, shop_v2=shop)
    return names


def _write(file: Path, body: str) -> None:
    """A file in a folder is one of a project, which is run by its commands; a page may add to it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a" if file.parent.name else "w") as opened:
        opened.write(body)


def _check(name: str, body: str) -> None:
    """Definitions are checked; of a manifest, the definitions that it holds."""
    if not name.endswith(".manifest.yaml"):
        assert _reliakit("check", name) == 0
        return
    parts = [part for part in yaml.safe_load_all(body) if part["kind"] == "ConfigMap"]
    assert parts, "no definitions to check"
    environ = {"RELIAKIT_STORE": "redis://valkey:6379/0", "COOKIE_KEY": "a-key-from-a-secret"}
    for file, text in (item for part in parts for item in part["data"].items()):
        Path(file).write_text(text)
        assert _reliakit("check", file, environ=environ) == 0


def _run(body: str) -> None:
    """Runs the commands that can be; what a shell would make of a line, these lines do without."""
    for line in body.splitlines():
        first, *arguments = shlex.split(line, comments=True) or [""]
        if first == "reliakit":
            assert _reliakit(*arguments) == 0, line
        elif first in _PROGRAMS:
            command = [sys.executable, *_PROGRAMS[first], *arguments]
            done = subprocess.run(command, capture_output=True, timeout=60, check=False, env=_environ())
            assert done.returncode == 0, f"{line}\n{done.stdout.decode()}{done.stderr.decode()}"


def _environ() -> dict[str, str]:
    """A reader's shell knows nothing of the settings of other tests."""
    return {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}


def _reliakit(*arguments: str, environ: dict[str, str] | None = None) -> int:
    return CliRunner(env=environ).invoke(program, arguments).exit_code
