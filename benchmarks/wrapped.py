"""What the middleware benchmarks share: a shop's definitions and one browser's request."""

from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from reliakit import Reliakit

__all__ = [
    "FLAG",
    "PATH",
    "bare_kit",
    "function_kit",
    "request_headers",
    "shop_kit",
    "unrecorded",
    "visitor_cookie",
]

FLAG, PATH = "ten_percent", "/shop/cart"

_FOLDER = TemporaryDirectory(prefix="reliakit-bench-")
_ENVIRON = {"RELIAKIT_STATE_DIR": str(Path(_FOLDER.name))}
_SHOP: dict[str, Any] = {
    "flags": {FLAG: {"percentage": 10}},
    "upstreams": {"shop-v2": "in_process"},
    "rollouts": {
        "shop": {
            "slots": {"blue": {"upstream": "app"}, "green": {"upstream": "shop-v2"}},
            "initial": "blue",
            "weight": 10,
        }
    },
    "routes": [{"path_prefix": "/shop", "rollout": "shop"}],
}


def shop_kit() -> Reliakit:
    """Returns a kit with one flag, and a route whose rollout has both of its slots in this process."""
    return Reliakit(_SHOP, environ=_ENVIRON)


def function_kit() -> Reliakit:
    """Returns a kit whose one rollout is of functions."""
    slots: dict[str, Any] = {"v1": {}, "v2": {}}
    pricing = {"slots": slots, "initial": "v1", "weight": 10}
    return Reliakit({"rollouts": {"pricing": pricing}}, environ=_ENVIRON)


def bare_kit() -> Reliakit:
    """Returns a kit whose definitions say nothing: what wrapping alone costs."""
    return Reliakit({}, environ=_ENVIRON)


def request_headers(cookie: str) -> list[tuple[str, str]]:
    """Returns what a browser sends with a page's own requests, the visitor's cookie among its others."""
    return [
        ("host", "shop.example.com"),
        ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0"),
        ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
        ("accept-language", "de,en-US;q=0.7,en;q=0.3"),
        ("accept-encoding", "gzip, deflate, br, zstd"),
        ("referer", "https://shop.example.com/shop/"),
        ("cookie", f"_ga=GA1.2.1234567890.1700000000; {cookie}; theme=dark"),
        ("connection", "keep-alive"),
    ]


def visitor_cookie(headers: Iterable[tuple[str, str]]) -> str:
    """Returns the visitor's cookie as a browser sends it back, from the response that set it."""
    return next(value.partition(";")[0] for name, value in headers if name.lower() == "set-cookie")


def unrecorded(name: str, kit: Reliakit) -> list[str]:
    """Returns what a shop's kit failed to count: a fast wrong answer is no result."""
    tallies = kit._runtime.tallies
    requests = sum(sum(row.outcomes().values()) for row in tallies.rows().values())
    checks = sum(count for cell, count in tallies.counts().items() if FLAG in str(cell))
    if requests and checks == requests:
        return []
    return [f"{name}: {requests} outcomes and {checks} flag checks were counted, which should be the same"]
