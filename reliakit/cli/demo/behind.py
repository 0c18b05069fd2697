"""A version of the shop as a process of its own, behind the gateway: it could be in any language."""

import os
from random import random

from reliakit.cli.demo import orphans
from reliakit.cli.demo.shop import BAD
from reliakit.middleware.protocol import ASGIApp, Connection, Receive, Send

__all__ = ["VERSION", "create"]

VERSION = "RELIAKIT_DEMO_VERSION"
_FAILING = {BAD: 0.1}


def create() -> ASGIApp:
    """Returns the application, for `uvicorn --factory`."""
    orphans.watch()
    return _answer


async def _answer(connection: Connection, receive: Receive, send: Send) -> None:
    if connection["type"] != "http":
        raise NotImplementedError
    version = os.environ[VERSION]
    status = 500 if random() < _FAILING.get(version, 0.0) else 200  # noqa: S311 - luck, not a secret
    headers = [(b"x-version", version.encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": version.encode()})
