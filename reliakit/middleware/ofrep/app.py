"""The ASGI app: single and bulk evaluation, mounted anywhere."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import msgspec

from reliakit.core.evaluation import ErrorCode
from reliakit.definitions.models import Definitions
from reliakit.middleware.ofrep.access import Origins, Tokens
from reliakit.middleware.ofrep.answers import Answers, Evaluate
from reliakit.middleware.ofrep.requests import Asked, Gone, Refused, body_of, is_json, read
from reliakit.middleware.protocol import Connection, Receive, Send
from reliakit.runtime.runtime import Runtime

__all__ = ["OFREP"]

_log = logging.getLogger("reliakit")
_PATH = "/ofrep/v1/evaluate/flags"
_METHODS = "POST, OPTIONS"
_SLICE = 50
"""Flags that are evaluated before others get a turn."""


@dataclass(frozen=True, slots=True)
class _Response:
    status: int
    body: bytes = b""
    headers: Sequence[tuple[str, str]] = ()


class OFREP:
    """Serves the flags of a kit.

    Args:
        evaluate: of the kit.
        definitions: gives those that are in force.
        runtime: of the kit.
        tokens: bearer tokens that open all flags; without one, public flags alone are there.
        origins: web origins whose pages may ask.
        limit: bytes that a request may have.
    """

    def __init__(
        self,
        evaluate: Evaluate,
        definitions: Callable[[], Definitions],
        runtime: Runtime,
        tokens: Sequence[str],
        origins: Sequence[str],
        limit: int,
    ) -> None:
        self._evaluate, self._definitions, self._runtime = evaluate, definitions, runtime
        self._tokens, self._origins, self._limit = Tokens(tokens), Origins(origins), limit

    async def __call__(self, scope: Connection, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise ValueError(f"this app evaluates flags over HTTP, not over {scope['type']}")
        headers = {name.lower(): value for name, value in scope["headers"]}
        try:
            response = await self._response(scope, headers, receive)
        except Gone:
            return
        except Refused as refused:
            response = _refusal(refused)
        except Exception:
            _log.exception("flags could not be evaluated over HTTP")
            response = _refusal(Refused(500, "the flags can't be evaluated now"))
        await self._send(response, scope, headers, send)

    async def _response(
        self, scope: Connection, headers: Mapping[bytes, bytes], receive: Receive
    ) -> _Response:
        key = _key_of(scope)
        if scope["method"] == "OPTIONS":
            return _Response(204, headers=[("allow", _METHODS)])
        if scope["method"] != "POST":
            raise Refused(405, "flags are evaluated by POST")
        trusted = self._tokens.trusts(headers.get(b"authorization"))
        if trusted is False:
            raise Refused(401, "the bearer token is not one of ours")
        if not is_json(headers.get(b"content-type")):
            raise Refused(415, "the body has to be application/json")
        asked = read(await body_of(receive, self._limit))
        answers = await self._answers(trusted is True)
        if key is None:
            return await _bulk(answers, asked, headers.get(b"if-none-match", b""))
        return _single(answers.of(key, asked))

    async def _answers(self, trusted: bool) -> Answers:
        if self._runtime.dormant:  # in a thread: it takes a while
            await asyncio.to_thread(self._runtime.wake)
        runtime = self._runtime
        return Answers(self._evaluate, runtime.scope, runtime.outside, self._definitions(), trusted)

    async def _send(
        self, response: _Response, scope: Connection, headers: Mapping[bytes, bytes], send: Send
    ) -> None:
        said = [*response.headers, *self._origins.headers(headers, preflight=scope["method"] == "OPTIONS")]
        if response.status not in (204, 304):
            said += [("content-type", "application/json"), ("content-length", str(len(response.body)))]
        pairs = [(name.encode(), value.encode("latin-1")) for name, value in said]
        await send({"type": "http.response.start", "status": response.status, "headers": pairs})
        body = b"" if scope["method"] == "HEAD" else response.body
        await send({"type": "http.response.body", "body": body})


def _key_of(scope: Connection) -> str | None:
    """The flag that a path asks for; None for all of them."""
    # Servers and routers do not agree on how much of the path leads to where the app is mounted.
    before, found, rest = scope["path"].partition(_PATH)
    if not (found and scope.get("root_path", "").endswith(before) and rest[:1] in ("", "/")):
        raise Refused(404, f"there is nothing but {_PATH}")
    return rest[1:] if rest else None


def _single(answer: Mapping[str, Any]) -> _Response:
    code = answer.get("errorCode")
    status = 200 if code is None else 404 if code is ErrorCode.FLAG_NOT_FOUND else 400
    return _Response(status, msgspec.json.encode(answer))


async def _bulk(answers: Answers, asked: Asked, known: bytes) -> _Response:
    found = []
    for number, key in enumerate(answers.keys(), 1):
        found.append(answers.of(key, asked))
        if number % _SLICE == 0:
            await asyncio.sleep(0)
    body = msgspec.json.encode({"flags": found})
    # Of the answers and not of the definitions: they change with the context and with time too.
    tag = f'"{sha256(body).hexdigest()[:32]}"'
    if tag in _tags(known) or known.strip() == b"*":
        return _Response(304, headers=[("etag", tag)])
    return _Response(200, body, [("etag", tag)])


def _tags(known: bytes) -> set[str]:
    return {tag.strip().removeprefix("W/") for tag in known.decode("latin-1").split(",")}


def _refusal(refused: Refused) -> _Response:
    said = {"errorCode": refused.code, "errorDetails": refused.details}
    headers = {401: [("www-authenticate", "Bearer")], 405: [("allow", _METHODS)]}.get(refused.status, [])
    body = msgspec.json.encode({name: value for name, value in said.items() if value is not None})
    return _Response(refused.status, body, headers)
