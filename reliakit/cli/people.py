"""Who gives an order, and how the journal names who did something."""

import getpass
import os
import socket

from reliakit.rollouts.events import Actor

__all__ = ["myself", "named"]


def myself(claimed: str | None) -> Actor:
    """Returns who runs this command: a name that is claimed, and a user and a host that the system knows."""
    user = _user()
    return Actor("person", claimed or user, user, socket.gethostname())


def named(actor: Actor) -> str:
    """Returns "alice (deploy on web-1)", "worker 4711 on web-1"; nothing where the rules did it."""
    if actor.kind == "rule":
        return ""
    where = f" on {actor.host}" if actor.host else ""
    if actor.kind != "person":
        return f"{actor.kind} {actor.name}{where}"
    return f"{actor.name} ({actor.user or 'unknown'}{where})"


def _user() -> str:
    # As `sudo` does: who logged in says more than whose rights were borrowed.
    borrowed = os.environ.get("SUDO_USER")
    try:
        return borrowed or getpass.getuser()
    except (KeyError, OSError):  # a container whose user id has no name
        return str(os.getuid()) if hasattr(os, "getuid") else "unknown"
