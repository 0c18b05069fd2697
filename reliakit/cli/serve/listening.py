"""Sockets that are listened on."""

import os
import socket
import stat

from reliakit.cli.printing import Failure
from reliakit.definitions.upstreams import host_and_port

__all__ = ["listening", "listening_for_admin"]

_BACKLOG = 2048


def listening(address: str, port: int) -> socket.socket:
    """Returns a socket that workers may share.

    It is one socket, and not one for each worker by SO_REUSEPORT: what waits in the queue of a worker that ends would
    be lost.

    Args:
        address: an address of this host, or `unix:` and a path.
        port: of the address.

    Raises:
        Failure: it can't be had.
    """
    try:
        if address.startswith("unix:"):
            return _unix(address.removeprefix("unix:"))
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        made = socket.create_server((address, port), family=family, backlog=_BACKLOG)
    except OSError as failed:
        where = address if address.startswith("unix:") else f"{address}:{port}"
        raise Failure(f"can't listen on {where}: {failed.strerror or failed}") from failed
    made.setblocking(False)
    return made


def listening_for_admin(written: str) -> socket.socket | None:
    """Returns the socket of the admin endpoints; None where there are none; raises as `listening` does."""
    if written == "off":
        return None
    found = host_and_port(written)
    if found is None:
        raise Failure(f"expected an address and a port such as 127.0.0.1:9901, or off, got {written!r}")
    return listening(*found)


def _unix(path: str) -> socket.socket:
    # A socket that nobody listens on any more is in the way; anything else is not ours to remove.
    if os.path.exists(path) and stat.S_ISSOCK(os.stat(path).st_mode) and not _answers(path):
        os.unlink(path)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.bind(path)
    made.listen(_BACKLOG)
    made.setblocking(False)
    return made


def _answers(path: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        return probe.connect_ex(path) == 0
