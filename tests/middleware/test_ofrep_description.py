"""What is served over HTTP is what its description says, whatever is sent."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.middleware.test_ofrep import FLAGS, TOKEN
from tests.servers.serving import ROOT, free_port, until

DESCRIPTION = ROOT / "docs" / "ofrep.openapi.yaml"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A real server, since a test client would mend what is wrong with a response."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "tests.middleware.ofrep_app:app", "--port", str(port)]
    server = subprocess.Popen([*command, "--log-level", "error"], cwd=ROOT)
    try:
        until(lambda: _answers(port), within=30)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def description(tmp_path: Path) -> Path:
    """The description, with the keys of flags that exist and of one that does not: no other would be found by chance."""
    written = yaml.safe_load(DESCRIPTION.read_text())
    operation = written["paths"]["/ofrep/v1/evaluate/flags/{key}"]["post"]
    # The flag that needs a user is told apart by what is sent, and a description can't say so.
    operation["parameters"][0]["schema"] = {"enum": [*(FLAGS.keys() - {"split"}), "nowhere"]}
    path = tmp_path / "ofrep.openapi.yaml"
    path.write_text(yaml.safe_dump(written))
    return path


def test_nothing_that_is_sent_gets_another_answer_than_described(
    url: str, description: Path, tmp_path: Path
) -> None:
    """Otherwise clients that are made from the description break at what we answer, be it with a token or without."""
    token = ["--header", f"Authorization: Bearer {TOKEN}"]
    for run in [_run(url, description, tmp_path), _run(url, description, tmp_path, *token)]:
        printed = run.communicate(timeout=100)[0]
        assert run.returncode == 0, printed
        assert "No issues found" in printed


def _run(url: str, description: Path, folder: Path, *said: str) -> "subprocess.Popen[str]":
    program = str(Path(sys.executable).with_name("schemathesis"))
    bounds = ["--checks", "all", "--phases", "coverage,fuzzing", "--max-examples", "10", "--seed", "1"]
    command = [program, "run", str(description), "--url", url, *said, *bounds]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)
