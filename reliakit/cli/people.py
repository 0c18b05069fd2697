"""Who gives an order, and how the journal names who did something."""

import os
import socket

from reliakit.rollouts.events import Actor

__all__ = ["myself", "named"]


def myself(claimed: str | None) -> Actor:
    """Returns who runs this command: a name that is claimed, and a user and a host that the system knows."""
    user = _user()
    # Who logged in says more than whose rights were borrowed, and is a claim like any other.
    return Actor("person", claimed or os.environ.get("SUDO_USER") or user, user, socket.gethostname())


def named(actor: Actor) -> str:
    """Returns "alice (deploy on web-1)", "worker 4711 on web-1"; nothing where the rules did it."""
    if actor.kind == "rule":
        return ""
    where = f" on {actor.host}" if actor.host else ""
    if actor.kind != "person":
        return f"{actor.kind} {actor.name}{where}"
    return f"{actor.name} ({actor.user or 'unknown'}{where})"


def _user() -> str:
    # Not `getpass.getuser`, which believes LOGNAME and USER, so that anybody could sign as somebody else.
    try:
        from pwd import getpwuid
    except ImportError:  # Windows
        return os.environ.get("USERNAME", "unknown")
    try:
        return getpwuid(os.getuid()).pw_name
    except KeyError:  # a container whose user id has no name
        return str(os.getuid())
