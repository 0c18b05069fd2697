"""What stands where a wrapped application would, in a process that has none."""

from reliakit.middleware.protocol import Connection, Receive, Send
from reliakit.runtime.remotes.asgi import respond
from reliakit.runtime.remotes.problems import NO_ROUTE, problem

__all__ = ["Nowhere"]


class Nowhere:
    """An ASGI application that answers what no route leads anywhere."""

    async def __call__(self, connection: Connection, receive: Receive, send: Send) -> None:
        if connection["type"] == "lifespan":
            await _lifespan(receive, send)
        else:
            await respond(problem(404, NO_ROUTE), connection, send)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            return
