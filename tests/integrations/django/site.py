"""Views of all kinds, and their URLs."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from django.contrib.auth import alogin, login
from django.contrib.auth.models import User
from django.http import FileResponse, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import path, re_path
from django.views import View

from reliakit_django import FlagRequiredMixin, flag_required, http_route, kit

KEY = "0123456789abcdef0123456789abcdef"
DEFINITIONS: dict[str, Any] = {
    "identity": {
        "targeting_key": ["identified", "header", "anonymous_cookie"],
        "header": "X-User-Id",
        "trusted_proxies": ["10.0.0.0/8"],
        "cookie": {"keys": [KEY]},
    },
    "flags": {
        "half": {"percentage": 50},
        "staff": {"rules": [{"if": {"staff": True}}]},
        "on": {},
        "off": {"enabled": False},
        "banner": {"variants": {"plain": "#444", "loud": "#f60"}},
    },
    "rollouts": {
        "all": {
            "slots": {"one": {"upstream": "app"}, "two": {"upstream": "v2"}},
            "initial": "one",
            "weight": 0,
        }
    },
    "upstreams": {"v2": "in_process"},
    "routes": [{"path_prefix": "/counted", "rollout": "all"}],
}
meeting = threading.Barrier(8)
gathering, expected = asyncio.Event(), 0
arrived: list[Any] = []


def staff(request: Any) -> dict[str, Any]:
    """The CONTEXT of some tests."""
    return {"staff": request.user.is_staff}


async def staff_later(request: Any) -> dict[str, Any]:
    return {"staff": (await request.auser()).is_staff}


def by_header(request: Any) -> str | None:
    """The USER of some tests."""
    user: str | None = request.headers.get("X-Name")
    return user


async def by_header_later(request: Any) -> str | None:
    await asyncio.sleep(0)
    return by_header(request)


def flags(request: Any) -> JsonResponse:
    """Asks in each of the ways that there are."""
    asked = [request.reliakit.enabled("half"), kit().enabled("half"), request.reliakit.value("half", False)]
    assert len(set(asked)) == 1, asked
    return JsonResponse([asked[0], request.reliakit.enabled("staff")], safe=False)


async def flags_later(request: Any) -> JsonResponse:
    asked = [await request.reliakit.aenabled("half"), kit().enabled("half")]
    asked += [await request.reliakit.avalue("half", False), request.reliakit.enabled("half")]
    assert len(set(asked)) == 1, asked
    return JsonResponse([asked[0], (await request.reliakit.aevaluate("staff")).value], safe=False)


async def too_early(request: Any) -> JsonResponse:
    before = request.reliakit.enabled("half")
    await request.auser()
    return JsonResponse([before, request.reliakit.enabled("half")], safe=False)


def half_twice(request: Any) -> JsonResponse:
    before = request.reliakit.enabled("half")
    meeting.wait(20)
    return JsonResponse([before, kit().enabled("half")], safe=False)


async def half_twice_later(request: Any) -> JsonResponse:
    before = await request.reliakit.aenabled("half")
    arrived.append(request)
    if len(arrived) == expected:
        gathering.set()
    await gathering.wait()
    return JsonResponse([before, kit().enabled("half")], safe=False)


def signs_in(request: Any, name: str) -> JsonResponse:
    before = kit().enabled("half")
    login(request, User.objects.get(username=name))
    return JsonResponse([before, kit().enabled("half")], safe=False)


async def signs_in_later(request: Any, name: str) -> JsonResponse:
    await request.reliakit.aenabled("half")
    await alogin(request, await User.objects.aget(username=name))
    return JsonResponse([None, await request.reliakit.aenabled("half")], safe=False)


def says(request: Any) -> JsonResponse:
    with kit().identify("somebody", staff=True):
        inner = [kit().enabled("half"), kit().enabled("staff")]
    after = kit().enabled("half")
    request.reliakit.identify("user-in-view", staff=True)
    return JsonResponse([*inner, after, kit().enabled("half"), kit().enabled("staff")], safe=False)


def status(request: Any, code: int) -> HttpResponse:
    return HttpResponse(str(request.headers.get("X-User-Id")), status=code)


def fails(request: Any) -> HttpResponse:
    raise ValueError("of the test")


async def fails_later(request: Any) -> HttpResponse:
    raise ValueError("of the test")


def stream(request: Any, fails: bool = False) -> StreamingHttpResponse:
    def body() -> Iterator[str]:
        for _ in range(3):
            yield f"{kit().enabled('half')}\n"
        if fails:
            raise ValueError("of the test")

    return StreamingHttpResponse(body())


async def stream_later(request: Any, fails: bool = False) -> StreamingHttpResponse:
    await request.reliakit.aidentify()

    async def body() -> AsyncIterator[str]:
        for _ in range(3):
            await asyncio.sleep(0)
            yield f"{kit().enabled('half')}\n"
        if fails:
            raise ValueError("of the test")

    return StreamingHttpResponse(body())


async def for_ever(request: Any) -> StreamingHttpResponse:
    async def body() -> AsyncIterator[str]:
        while True:
            yield "again\n"
            await asyncio.sleep(0)

    return StreamingHttpResponse(body())


async def never(request: Any) -> HttpResponse:
    await asyncio.Event().wait()
    raise AssertionError


def file(request: Any) -> FileResponse:
    return FileResponse(Path(__file__).open("rb"))


def plain(request: Any) -> HttpResponse:
    return HttpResponse("plain")


def route(request: Any, **_: Any) -> HttpResponse:
    return HttpResponse(http_route(request))


@flag_required("off")
def hidden(request: Any) -> HttpResponse:
    return HttpResponse("hidden")


@flag_required("half", otherwise=plain)
async def mine(request: Any) -> HttpResponse:
    return HttpResponse("mine")


class Page(FlagRequiredMixin, View):
    flag_required = "half"
    flag_otherwise = 410

    def get(self, request: Any) -> HttpResponse:
        return HttpResponse("page")


class LaterPage(FlagRequiredMixin, View):
    flag_required = "half"

    async def get(self, request: Any) -> HttpResponse:
        return HttpResponse("page")

    async def handle_flag_off(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        return HttpResponse("other")


def shown(request: Any) -> HttpResponse:
    return render(request, "page.html")


urlpatterns = [
    path("flags", flags),
    path("flags-later", flags_later),
    path("too-early", too_early),
    path("half-twice", half_twice),
    path("half-twice-later", half_twice_later),
    path("signs-in/<str:name>", signs_in),
    path("signs-in-later/<str:name>", signs_in_later),
    path("says", says),
    path("plain", plain),
    path("stream", stream),
    path("stream-later", stream_later),
    path("counted/status/<int:code>", status),
    path("counted/fails", fails),
    path("counted/fails-later", fails_later),
    path("counted/stream", stream),
    path("counted/stream-later", stream_later),
    path("counted/broken-stream", stream, {"fails": True}),
    path("counted/broken-stream-later", stream_later, {"fails": True}),
    path("counted/file", file),
    path("counted/for-ever", for_ever),
    path("counted/never", never),
    path("route/<int:item>/", route),
    re_path(r"^articles/(?P<year>[0-9]{4})/$", route),
    path("hidden", hidden),
    path("mine", mine),
    path("page", Page.as_view()),
    path("page-later", LaterPage.as_view()),
    path("shown", shown),
]
