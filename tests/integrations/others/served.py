"""The application of the page that PAGE names, in the folder PAGE_FOLDER, for a real server.

It has one more path, /meet, where so many visitors as TOGETHER says wait for each other in the middle of a request;
it tells whom every part of it took its visitor for.
"""

import asyncio
import json
import os
import threading
from typing import Any

from tests.integrations.others.pages import FLAGS, followed

__all__ = ["app"]

TOGETHER = int(os.environ.get("TOGETHER", "1"))


class Meeting:
    """Where visitors wait for each other."""

    def __init__(self, kit: Any) -> None:
        self._kit = kit
        self._threads = threading.Barrier(TOGETHER)
        self._tasks: asyncio.Barrier | None = None

    def litestar(self, names: dict[str, Any]) -> Any:
        from litestar import get

        names["shop"].register(get("/meet")(self.seen_later))
        return names["app"]

    def quart(self, names: dict[str, Any]) -> Any:
        names["app"].add_url_rule("/meet", view_func=self.seen_later)
        return names["app"]

    def aiohttp(self, names: dict[str, Any]) -> Any:
        from aiohttp import web

        async def meet(_: web.Request) -> web.Response:
            return web.json_response(await self.seen_later())

        names["app"].router.add_get("/meet", meet)
        return names["app"]

    def wsgi(self, names: dict[str, Any]) -> Any:
        def meet(_: Any, start_response: Any) -> Any:
            return names["answer"](start_response, json.dumps(self.seen()).encode())

        names["PAGES"]["/meet"] = meet
        return names["app"]

    def seen(self) -> list[str]:
        """What the flags say, before and after the meeting."""
        before = self._fingerprint()
        self._threads.wait(20)
        return [before, self._fingerprint()]

    async def seen_later(self) -> list[str]:
        """The same in a task, and in what it starts."""
        before = self._fingerprint()
        self._tasks = self._tasks or asyncio.Barrier(TOGETHER)
        await asyncio.wait_for(self._tasks.wait(), 20)
        task = asyncio.create_task(asyncio.to_thread(self._fingerprint))
        return [before, self._fingerprint(), await asyncio.to_thread(self._fingerprint), await task]

    def _fingerprint(self) -> str:
        return "".join("01"[self._kit.enabled(flag)] for flag in FLAGS)


os.chdir(os.environ["PAGE_FOLDER"])
_names = followed(os.environ["PAGE"])
app = getattr(Meeting(_names["kit"]), os.environ["PAGE"])(_names)
