"""A few hundred varied requests for an app that answers as httpbin does, and what may be compared of its answers."""

import random
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["DEFINITIONS", "Sent", "comparable", "varied"]

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

_PATHS = [
    "/absolute-redirect/2", "/anything", "/anything/a/b%20c/%C3%A4", "/base64/aGVsbG8%3D", "/basic-auth/user/secret",
    "/bearer", "/bytes/64?seed=7", "/cookies", "/cookies/delete?a=", "/cookies/set?a=1&b=2", "/cookies/set/name/value",
    "/deny", "/encoding/utf8", "/etag/abc", "/forms/post", "/get", "/gzip", "/deflate", "/headers", "/html",
    "/image", "/image/jpeg", "/image/png", "/image/svg", "/ip", "/json", "/links/5/2", "/range/200", "/redirect/3",
    "/redirect-to?url=%2Fget&status_code=307", "/relative-redirect/2", "/response-headers?X-A=1&X-A=2", "/robots.txt",
    "/status/200", "/status/204", "/status/304", "/status/404", "/status/418", "/status/500", "/status/503",
    "/stream/5", "/stream-bytes/2000?seed=3&chunk_size=100", "/user-agent", "/xml", "/nowhere", "/status/many",
    "/post", "/put", "/patch", "/delete",
]  # fmt: skip
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
_MOMENT = re.compile("expires=[^;]*")
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


def varied(count: int) -> Iterator[Sent]:
    """Yields so many requests, the same each time; every path is among them."""
    chance = random.Random(7)
    for number in range(count):
        body, kind = chance.choice(_BODIES)
        headers = {**chance.choice(_HEADERS), **({"Content-Type": kind} if kind else {})}
        method = "GET" if number < len(_PATHS) else chance.choice(_METHODS)
        yield Sent(method, _PATHS[number % len(_PATHS)], headers, b"" if method in ("GET", "HEAD") else body)


def comparable(status: int, headers: Iterable[tuple[str, str]], body: bytes) -> tuple[Any, ...]:
    """Returns an answer less the moment it was given at and the cookie by which reliakit knows a browser again."""
    kept = [
        (name.lower(), _MOMENT.sub("expires=then", value))
        for name, value in headers
        if name.lower() not in ("date", "last-modified") and not value.startswith("reliakit_")
    ]
    return status, kept, body
