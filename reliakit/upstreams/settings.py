"""How a transport behaves: what it waits for and how long, and how many connections it keeps."""

from dataclasses import dataclass

__all__ = ["Settings"]


@dataclass(frozen=True, slots=True)
class Settings:
    """Times are seconds; None is no limit. The pool is each worker's own, for one endpoint."""

    connect: float = 5.0
    """For a connection, TLS included."""
    read: float | None = 60.0
    """Of silence: while a response is waited for, and between two pieces of it. A client's own slowness is none."""
    total: float | None = None
    """For a request, from its first byte to the last of its response. WebSockets have no such end."""
    connections: int = 100
    """At once, those of WebSockets included."""
    wait: float = 1.0
    """For one of them to become free."""
    keep_alive: float = 4.0
    """That a connection may be idle for. Less than what most servers allow, which is 5: a request that is sent while
    the upstream hangs up is lost, and not every request may be sent twice."""
    continue_after: float = 1.0
    """After which the body is sent though the upstream said nothing to `Expect: 100-continue`."""
    head_bytes: int = 64 * 1024
    """Of a response's status line and headers, interim responses included."""
    message_bytes: int = 16 * 1024 * 1024
    """Of one WebSocket message from the upstream."""
