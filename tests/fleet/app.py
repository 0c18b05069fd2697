"""A shop of two versions behind reliakit, as uvicorn and gunicorn serve it: FLEET_CONFIG and FLEET_STORE say how."""

import json
import os
import random
from typing import Any

from reliakit import Reliakit

_ERRORS = {
    "blue": float(os.environ.get("FLEET_BLUE", "0")),
    "green": float(os.environ.get("FLEET_GREEN", "0")),
}


def _answer(slot: str) -> tuple[int, bytes]:
    status = 500 if random.random() < _ERRORS[slot] else 200
    return status, json.dumps({"pid": os.getpid(), "slot": slot}).encode()


def _version(slot: str) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            raise NotImplementedError
        status, body = _answer(slot)
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": body})

    return app


def _wsgi_version(slot: str) -> Any:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        status, body = _answer(slot)
        start_response(f"{status} X", [("Content-Length", str(len(body)))])
        return [body]

    return app


kit = Reliakit(os.environ["FLEET_CONFIG"], store=os.environ.get("FLEET_STORE"))
asgi = kit.asgi(_version("blue"), upstreams={"shop-v2": _version("green")})
wsgi = kit.wsgi(_wsgi_version("blue"), upstreams={"shop-v2": _wsgi_version("green")})
