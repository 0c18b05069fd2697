"""From what a user writes to a source."""

import subprocess
import sys
from pathlib import Path

import pytest

from reliakit import Reliakit
from reliakit.errors import UsageError
from reliakit.sources.file import FileSource
from reliakit.sources.http import HttpSource
from reliakit.sources.opening import open_source
from reliakit.sources.postgres import PostgresSource
from reliakit.sources.redis import RedisSource
from tests.sources.http_server import http_server
from tests.stores.valkey import running


@pytest.mark.parametrize(
    ("where", "kind", "name"),
    [
        ("/etc/reliakit.yaml", FileSource, "/etc/reliakit.yaml"),
        (Path("/etc/a#b.yaml"), FileSource, "/etc/a#b.yaml"),
        ("file:///etc/my%20flags.yaml", FileSource, "/etc/my flags.yaml"),
        ("https://u:s3cret@flags.example.com/a.yaml", HttpSource, "https://flags.example.com/a.yaml"),
        ("redis://:s3cret@host/2#flags.json", RedisSource, "redis://host:6379/2#flags.json"),
        ("redis://host", RedisSource, "redis://host:6379#reliakit"),
        ("redis+sentinel://a,b/main#a%40b", RedisSource, "redis+sentinel://a:26379,b:26379/main#a@b"),
        ("postgresql://u:s3cret@host/db#flags.now", PostgresSource, "postgresql://host/db#flags.now"),
        ("postgresql://host/db", PostgresSource, "postgresql://host/db#reliakit_definitions"),
    ],
)
def test_a_scheme_tells_the_kind(where: str | Path, kind: type, name: str) -> None:
    """Otherwise a URL would be looked for as a file, or would show its password."""
    source = open_source(where, {})
    assert type(source) is kind
    assert source.name == name


@pytest.mark.parametrize(
    "url", ["redis://:s3#cret@host/0#key", "postgresql://u:s3#cret@host/db#t", "ftp://u:s3cret@h"]
)
def test_what_cannot_be_opened_is_refused_without_its_password(url: str) -> None:
    """Otherwise a slip in a URL would put its password in a log."""
    with pytest.raises(UsageError) as refused:
        open_source(url, {})
    assert "s3" not in str(refused.value)
    assert "cret" not in str(refused.value)


def test_the_kit_takes_urls_also_from_the_environment(tmp_path: Path) -> None:
    """Otherwise each deployment would need code of its own to say where its flags are."""
    with http_server() as http, running(tmp_path / "valkey") as valkey:
        http.put('{"format": 1, "revision": "by http"}')
        valkey.command("SET", "flags", "format: 1\nrevision: by redis")
        state = {"RELIAKIT_STATE_DIR": str(tmp_path / "state")}
        found = [
            Reliakit(http.url, environ={**state, "RELIAKIT_SOURCE_TOKEN": "t0ken"}),
            Reliakit("reliakit.yaml", environ={**state, "RELIAKIT_CONFIG": f"{valkey.url}#flags"}),
            Reliakit(http.url, environ={**state, "RELIAKIT_SOURCE_BASIC": "ann:pass:word"}),
        ]
        assert [kit.revision for kit in found] == ["by http", "by redis", "by http"]
        sent = [request["Authorization"] for request in http.requests]
        assert sent == ["Bearer t0ken", "Basic YW5uOnBhc3M6d29yZA=="]
        assert all(kit.close() for kit in found)


MODULE = """
import asyncio
from reliakit.sources.protocol import Content

class Constant:
    keep_copy = True
    def __init__(self, url, environ):
        self.name = "constant"
        self.revision = url.partition("://")[2] + environ.get("SUFFIX", "")
    async def load(self):
        return Content(self.name, f"format: 1\\nrevision: {self.revision}".encode(), "yaml")
    async def changes(self):
        await asyncio.Event().wait()
        yield
"""
PROGRAM = """
from reliakit import Reliakit
from reliakit.errors import UsageError
kit = Reliakit("constant://seven", environ={"SUFFIX": "-up"})
print(kit.revision)
kit.close()
for wrong in ("broken://x", "unknown://x"):
    try:
        Reliakit(wrong)
    except UsageError as refused:
        print(refused)
"""


def test_another_distribution_adds_a_scheme(tmp_path: Path) -> None:
    """Otherwise a source of one's own could not be named in RELIAKIT_CONFIG."""
    (tmp_path / "constant_flags.py").write_text(MODULE)
    info = tmp_path / "constant_flags-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: constant-flags\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[reliakit.sources]\nconstant = constant_flags:Constant\nbroken = constant_flags:Missing\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={"PYTHONPATH": str(tmp_path), "RELIAKIT_STATE_DIR": str(tmp_path)},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    revision, broken, unknown = done.stdout.splitlines()
    assert revision == "seven-up"
    assert "broken:// can't be imported from constant_flags:Missing" in broken
    assert "there is no source 'unknown'" in unknown
    assert "constant://" in unknown
