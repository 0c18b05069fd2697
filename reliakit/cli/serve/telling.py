"""What systemd is told, where it has started the gateway (`Type=notify`)."""

import os
import socket
import time
from contextlib import suppress

__all__ = ["tell_service_manager"]


def tell_service_manager(state: str) -> None:
    """Says how far the gateway is: `READY=1`, `RELOADING=1` or `STOPPING=1`. Nothing happens without a service manager."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if state == "RELOADING=1":
        state += f"\nMONOTONIC_USEC={time.monotonic_ns() // 1000}"
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.sendto(state.encode(), "\0" + address[1:] if address[0] == "@" else address)
