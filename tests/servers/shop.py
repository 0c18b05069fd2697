"""A shop with two versions behind reliakit, as ASGI and as WSGI: what the server tests run.

Every answer says which version gave it, in which process, and what the flags said.
"""

import json
import os
from collections.abc import Iterable
from typing import Any

from reliakit import Reliakit

kit = Reliakit(os.environ["SHOP_CONFIG"])


def _said(version: str) -> bytes:
    answer = {
        "version": version,
        "pid": os.getpid(),
        "half": kit.enabled("half"),
        "banner": kit.value("banner", "none"),
        "live": kit.enabled("live", "anybody"),
        "problems": len(kit.status().problems),
    }
    return json.dumps(answer).encode()


def _asgi(version: str) -> Any:
    async def app(connection: Any, receive: Any, send: Any) -> None:
        if connection["type"] != "http":
            raise RuntimeError("http only")
        body = _said(version)
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


def _wsgi(version: str) -> Any:
    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        body = _said(version)
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]

    return app


asgi = kit.asgi(_asgi("v1"), upstreams={"shop-v2": _asgi("v2")})
wsgi = kit.wsgi(_wsgi("v1"), upstreams={"shop-v2": _wsgi("v2")})
