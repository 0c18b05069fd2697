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


@pytest.mark.parametrize(
    "said", [[], ["--header", f"Authorization: Bearer {TOKEN}"]], ids=["public", "token"]
)
def test_nothing_that_is_sent_gets_another_answer_than_described(
    url: str, description: Path, said: list[str], tmp_path: Path
) -> None:
    """Otherwise clients that are made from the description break at what we answer."""
    command = [Path(sys.executable).with_name("schemathesis"), "run", description, "--url", url, *said]
    bounds = ["--checks", "all", "--phases", "coverage,fuzzing", "--max-examples", "25", "--seed", "1"]
    run = subprocess.run(
        [*command, *bounds], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stdout
    assert "No issues found" in run.stdout
