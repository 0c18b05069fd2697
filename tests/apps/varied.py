"""A few hundred varied requests for an app that others wrote, and what may be compared of its answers."""

import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["DEFINITIONS", "Sent", "comparable", "varied", "worth_comparing"]

DEFINITIONS: dict[str, Any] = {
    "identity": {
        "targeting_key": ["anonymous_cookie"],
        "cookie": {"keys": ["0123456789abcdef0123456789abcdef"]},
    },
    "upstreams": {"v2": "in_process"},
    "rollouts": {
        "all": {
            "slots": {"one": {"upstream": "app"}, "two": {"upstream": "v2"}},
            "initial": "one",
            "weight": 50,
        }
    },
    "routes": [{"path_prefix": "/", "rollout": "all"}],
}

_METHODS = ["GET", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_HEADERS = [
    {"Accept": "image/webp"},
    {"Authorization": "Basic dXNlcjpzZWNyZXQ="},
    {"Authorization": "Bearer token"},
    {"Cookie": "a=1; b=2"},
    {"If-None-Match": '"abc"'},
    {"Origin": "http://elsewhere.test", "Access-Control-Request-Method": "PUT"},
    {"Range": "bytes=10-20"},
    {"X-Odd": "caf\xe9"},
]
_MOMENT = re.compile("(?<=expires=)[^;]*|(?<=csrftoken=)[^;]*|(?<=sessionid=)[^;]*", re.IGNORECASE)
_TOKEN = re.compile(rb'(name="csrf(?:middleware)?token" value=")[^"]*')
_BODIES = [
    (b"", None),
    (b"a=1&a=2&b=%C3%A4", "application/x-www-form-urlencoded"),
    (b'{"a": [1, null]}', "application/json"),
    (b"{broken", "application/json"),
    (bytes(range(256)) * 20, "application/octet-stream"),
]


@dataclass(frozen=True, slots=True)
class Sent:
    """One request."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


def varied(paths: Sequence[str], count: int) -> Iterator[Sent]:
    """Yields so many requests, the same each time; every path is among them."""
    chance = random.Random(7)
    for number in range(count):
        body, kind = chance.choice(_BODIES)
        headers = {**chance.choice(_HEADERS), **({"Content-Type": kind} if kind else {})}
        method = "GET" if number < len(paths) else chance.choice(_METHODS)
        yield Sent(method, paths[number % len(paths)], headers, b"" if method in ("GET", "HEAD") else body)


def comparable(status: int, headers: Iterable[tuple[str, str]], body: bytes) -> tuple[Any, ...]:
    """Returns an answer less the moment it was given at, what an app draws by chance against forged forms, and the
    cookie by which reliakit knows a browser again.
    """
    kept = [
        (name.lower(), _MOMENT.sub("then", value))
        for name, value in headers
        if name.lower() not in ("date", "expires", "last-modified") and not value.startswith("reliakit_")
    ]
    if body.startswith(b"\x1f\x8b"):
        body = body[:4] + body[8:]  # gzip says when it was made, too
    return status, kept, _TOKEN.sub(rb"\1", body)


def worth_comparing(answers: Sequence[tuple[Any, ...]]) -> bool:
    """Whether answers are worth comparing: of several kinds, and few of them errors, which all look the same."""
    statuses = [answer[0] for answer in answers]
    return len(set(statuses)) > 4 and sum(status >= 500 for status in statuses) < len(statuses) / 8
