"""`reliakit serve`, as it comes, with one worker: the choices that its users have."""

import sys
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path

from benchmarks.hops.proxies import Recipe

__all__ = ["AIOHTTP", "GRANIAN", "HTTP1", "ROLLOUT", "chosen", "ours"]

HTTP1 = "reliakit"
ROLLOUT = "reliakit, a rollout of two slots"
GRANIAN = "reliakit, granian"
AIOHTTP = "reliakit, aiohttp to upstreams"

_DEFINITIONS = """
format: 1
upstreams: {{shop: {{endpoints: [{{url: "http://127.0.0.1:{upstream}"}}], transport: {transport}}}}}
routes: [{{path_prefix: /, upstream: shop}}]
"""
_SPLIT = """
format: 1
upstreams:
  v1: {{endpoints: [{{url: "http://127.0.0.1:{upstream}"}}], transport: {transport}}}
  v2: {{endpoints: [{{url: "http://127.0.0.1:{upstream}"}}], transport: {transport}}}
rollouts:
  shop: {{slots: {{blue: {{upstream: v1}}, green: {{upstream: v2}}}}, initial: blue, weight: 10}}
routes: [{{path_prefix: /, rollout: shop}}]
"""


def ours() -> list[Recipe]:
    """Returns every way in which a gateway of ours may run here."""
    found = [
        chosen(HTTP1),
        chosen(ROLLOUT, definitions=_SPLIT),
        chosen(AIOHTTP, transport="aiohttp"),
    ]
    return [*found, chosen(GRANIAN, server="granian")] if find_spec("granian") else found


def chosen(
    name: str, *, server: str = "uvicorn", transport: str = "http1", definitions: str = _DEFINITIONS
) -> Recipe:
    """Returns a gateway of ours with these choices."""

    def command(folder: Path, port: int, upstream: int) -> list[str]:
        file = folder / "reliakit.yaml"
        file.write_text(definitions.format(upstream=upstream, transport=transport))
        options = {"--port": port, "--admin": "off", "--workers": 1, "--server": server}
        return [sys.executable, "-m", "reliakit", "serve", str(file), *_written(options)]

    return Recipe(name, command)


def _written(options: Mapping[str, object]) -> list[str]:
    written: Callable[[object], str] = str
    return [part for pair in options.items() for part in map(written, pair)]
