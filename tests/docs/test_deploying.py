"""What the pages say about servers, tried with the servers."""

import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which

import pytest

from tests.docs.pages import DOCS, blocks, named
from tests.servers.serving import free_port, until

FOLDER = DOCS / "deploying"


def written(page: str, folder: Path) -> None:
    """Writes the files of a page."""
    for block in blocks(FOLDER / f"{page}.md"):
        if block.name:
            (folder / block.name).write_text(block.body)


@contextmanager
def answering(command: list[str], folder: Path, port: int) -> Iterator[str]:
    """Runs a server until the block ends; gives what it answers."""
    with subprocess.Popen([sys.executable, "-m", *command], cwd=folder, stderr=subprocess.PIPE) as process:
        try:
            yield until(lambda: asked(port), 60)
        finally:
            process.terminate()
            process.communicate(timeout=20)


def asked(port: int) -> str:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as response:
            return str(response.read().decode())
    except OSError:
        return ""


def test_the_command_of_the_image_serves_the_application(tmp_path: Path) -> None:
    """Otherwise the image would be built, and its container would end at once."""
    written("uvicorn", tmp_path)
    found = re.search(r"^CMD (\[.+\])$", named(FOLDER / "docker.md", "dockerfile"), re.MULTILINE)
    assert found
    port = free_port()
    with answering(
        [part.replace("8000", str(port)) for part in json.loads(found[1])], tmp_path, port
    ) as text:
        assert text in ("one step", "two steps")


def test_the_configuration_of_gunicorn_serves_the_application(tmp_path: Path) -> None:
    """Otherwise the page would be about a server that does not start."""
    written("gunicorn", tmp_path)
    port, config = free_port(), tmp_path / "gunicorn.conf.py"
    config.write_text(config.read_text().replace("8000", str(port)).replace("workers = 4", "workers = 2"))
    with answering(["gunicorn", "--config", config.name, "shop:app"], tmp_path, port) as text:
        assert text in ("one step", "two steps")


@pytest.mark.skipif(which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_the_unit_is_one(tmp_path: Path) -> None:
    """Otherwise systemd would ignore a line of it, and say so where nobody looks."""
    unit = tmp_path / "shop.service"
    text = named(FOLDER / "systemd.md", "ini")
    unit.write_text(text.replace("/srv/shop/.venv/bin/gunicorn", sys.executable))
    done = subprocess.run(
        ["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, timeout=30, check=False
    )
    assert [line for line in done.stderr.splitlines() if unit.name in line] == []
