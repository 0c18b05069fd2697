"""Replaces what runs at an address, as a team's own script would: kills it at once, and starts the other version.

The argument is `start` or `stop`. In the folder it keeps the process id and the version of each port; what it did is in
`ran`, a line for each run. A file `slow` holds seconds that each run takes, and `fail` a word: runs of that verb fail.
"""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

_SERVER = Path(__file__).with_name("server.py")


def main(what: str) -> None:
    port = os.environ["RELIAKIT_TARGET"].rpartition(":")[2]
    verb, version = os.environ["RELIAKIT_VERB"], os.environ.get("RELIAKIT_VERSION", "1")
    with Path("ran").open("a") as ran:
        ran.write(f"{verb} {port} {version} {os.environ['RELIAKIT_ATTEMPT']}\n")
    if _said("fail") == verb:
        raise SystemExit(f"no room for {version}")
    time.sleep(float(_said("slow") or 0))
    stop(Path(port))
    if what == "start":
        start(Path(port), version)
    print(f"{port} is {version}")


def stop(pid: Path) -> None:
    """Kills what runs, and waits until its port is free."""
    if not pid.exists():
        return
    number = int(pid.read_text().split()[0])
    with suppress(ProcessLookupError):
        os.kill(number, signal.SIGKILL)
    pid.unlink()


def start(pid: Path, version: str) -> None:
    """Starts a version, at the port that the file is named by; it outlives us."""
    server = subprocess.Popen(
        [sys.executable, "-S", str(_SERVER), pid.name, version],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    pid.write_text(f"{server.pid} {version}")


def _said(name: str) -> str:
    return Path(name).read_text().strip() if Path(name).exists() else ""


if __name__ == "__main__":
    main(sys.argv[1])
