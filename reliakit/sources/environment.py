"""Flags in environment variables: `RELIAKIT_FLAG_NEW_CHECKOUT=on`.

As a source of its own it needs no file. Laid over another source it is the escape hatch that wins over the file:
`kit` does that always.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

from reliakit.sources.protocol import Content

__all__ = ["PREFIX", "EnvironmentSource"]

PREFIX = "RELIAKIT_FLAG_"


class EnvironmentSource:
    """Reads every variable that starts with RELIAKIT_FLAG_; the rest of its name, in lower case, is the key.

    `on`, `true`, `off` and `false` make a flag for everybody, `25%` one for a share of users, and any other text
    a flag with that text as its value.

    Args:
        environ: the variables, usually `os.environ`.
    """

    name = "environment"
    keep_copy = False

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    async def load(self) -> Content:
        flags = {
            name.removeprefix(PREFIX).lower(): _flag(text)
            for name, text in sorted(self._environ.items())
            if name.startswith(PREFIX)
        }
        return Content(self.name, json.dumps({"format": 1, "flags": flags}, indent=1).encode(), "json")

    async def changes(self) -> AsyncIterator[None]:
        await asyncio.Event().wait()  # a process's environment is what it was started with
        yield


def _flag(text: str) -> dict[str, Any]:
    if text.lower() in ("on", "true"):
        return {"otherwise": True}
    if text.lower() in ("off", "false"):
        return {"otherwise": False}
    if text.endswith("%"):
        share = text.removesuffix("%").strip()
        return {"percentage": float(share) if share.replace(".", "", 1).isdecimal() else share}
    return {"variants": {"text": text}}
