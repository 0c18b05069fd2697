"""Three servers that differ only in what is around the application."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers.raw import exchange, request
from tests.servers.serving import Server, serving, until

__all__ = ["VARIANTS", "Trio", "at_rest", "trio_of"]

VARIANTS = ("unrouted", "routed")


@dataclass(frozen=True, slots=True)
class Trio:
    """The application bare, behind a kit without definitions, and behind one with a rollout on its path."""

    bare: Server
    unrouted: Server
    routed: Server
    cookie: bytes
    """A header line with the cookie of a visitor whom the routed one knows."""

    def named(self, variant: str) -> Server:
        server: Server = getattr(self, variant)
        return server


@contextmanager
def trio_of(command: list[str], folder: Path) -> Iterator[Trio]:
    """Runs the three until the block ends; `VARIANT` in the command is replaced."""
    with ExitStack() as stack:
        bare, unrouted, routed = (
            stack.enter_context(
                serving(
                    [part.replace("VARIANT", variant) for part in command],
                    folder / "unused.yaml",
                    RELIAKIT_STATE_DIR=str(folder),
                )
            )
            for variant in ("bare", *VARIANTS)
        )
        yield Trio(bare, unrouted, routed, _cookie(routed.port))


def at_rest(server: Server) -> dict[str, Any]:
    """Waits until an ASGI server has nothing else to do, and returns its state: no earlier request disturbs a count."""

    def state() -> dict[str, Any] | None:
        found = server.ask("/state")
        return None if found["under_way"] else found

    found: dict[str, Any] = until(state)
    return found


def _cookie(port: int) -> bytes:
    response = exchange(port, request("HEAD /shop/stream HTTP/1.1"))
    lines = [line for line in response.split(b"\r\n") if line.lower().startswith(b"set-cookie: reliakit_")]
    assert len(lines) == 1, response
    return b"Cookie: " + lines[0].partition(b": ")[2].partition(b";")[0]
