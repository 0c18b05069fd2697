"""The peers: what they are (`peers.toml`), where they are installed, and one adapter module each.

An adapter runs in its peer's own environment, where nothing of reliakit's is installed; it may import
`benchmarks.workload` and its peer.
"""

import subprocess
import sys
import tomllib
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

__all__ = ["Peer", "installed", "peers"]

_DECLARED = Path(__file__).with_name("peers.toml")
_CACHE = Path(__file__).parent.parent / ".cache" / "peers"
_INSTALL_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Peer:
    """A pinned distribution, the name that it is imported by, its subjects' adapters, and all it depends on."""

    name: str
    version: str
    imports: str
    adapters: dict[str, str]
    depends: tuple[str, ...]

    @property
    def requirements(self) -> list[str]:
        return [f"{self.name}=={self.version}", *self.depends]

    @property
    def home(self) -> Path:
        """Its environment: another for other pins or another Python."""
        digest = sha256("\n".join([sys.version, *self.requirements]).encode()).hexdigest()[:12]
        return _CACHE / f"{self.name}-{digest}"

    @property
    def python(self) -> Path:
        return self.home / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def peers() -> list[Peer]:
    declared = tomllib.loads(_DECLARED.read_text())
    return [
        Peer(name, item["version"], item["imports"], item["adapters"], tuple(item["depends"]))
        for name, item in declared.items()
    ]


def installed(peer: Peer, *, install: bool) -> str | None:
    """Makes sure of a peer's environment; without `install` only looks.

    Returns:
        Why it can't be used, or None.
    """
    done = peer.home / "installed"
    if done.exists():
        return None
    if not install:
        return "not installed"
    try:
        _run([sys.executable, "-m", "venv", "--clear", str(peer.home)])
        _run(
            [
                str(peer.python),
                "-m",
                "pip",
                "install",
                "-q",
                "--disable-pip-version-check",
                *peer.requirements,
            ]
        )
    except (OSError, subprocess.SubprocessError) as error:
        return f"can't be installed: {_reason(error)}"
    done.touch()
    return None


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, timeout=_INSTALL_SECONDS, capture_output=True, text=True)


def _reason(error: Exception) -> str:
    lines = (getattr(error, "stderr", None) or str(error)).strip().splitlines()
    return lines[-1][:120] if lines else type(error).__name__
