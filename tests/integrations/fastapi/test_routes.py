"""What telemetry calls the route of a request."""

import pytest
from fastapi import APIRouter, FastAPI, Request, WebSocket
from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from reliakit_fastapi import http_route


async def told(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(http_route(request)))


def fastapi() -> FastAPI:
    app, router, inner, mounted = FastAPI(), APIRouter(prefix="/shop"), APIRouter(), FastAPI()
    for each, path in ((app, "/items/{item:int}"), (inner, "/carts/{cart}"), (mounted, "/pages/{page}")):
        each.add_api_route(path, told)
    router.include_router(inner, prefix="/inner/{tenant}")
    app.include_router(router)
    app.mount("/mounted", mounted)

    @app.websocket("/chat/{room}")
    async def chat(socket: WebSocket, room: str) -> None:
        await socket.accept()
        await socket.send_text(str(http_route(socket)))
        await socket.close()

    @app.exception_handler(404)
    async def missing(request: Request, raised: Exception) -> PlainTextResponse:
        return await told(request)

    return app


def starlette() -> Starlette:
    inner = [Route("/carts/{cart}", told)]
    return Starlette(routes=[Route("/items/{item:int}", told), Mount("/shop", routes=inner)])


@pytest.mark.parametrize("root_path", ["", "/behind"])
@pytest.mark.parametrize(
    ("app", "path", "route"),
    [
        (fastapi, "/items/7", "/items/{item}"),
        (fastapi, "/shop/inner/acme/carts/9", "/shop/inner/{tenant}/carts/{cart}"),
        (fastapi, "/mounted/pages/2", "/mounted/pages/{page}"),
        (fastapi, "/nowhere/secret-token", "None"),
        (starlette, "/items/7", "/items/{item}"),
        (starlette, "/shop/carts/9", "/shop/carts/{cart}"),
    ],
)
def test_it_is_a_template_and_no_path(app, path: str, route: str, root_path: str) -> None:
    """Otherwise each customer number would be a series of its own, until the metrics store falls over."""
    with TestClient(app(), root_path=root_path) as client:
        assert client.get(root_path + path).text == route


def test_websockets_have_one_too() -> None:
    """Otherwise chats would be told apart by their rooms."""
    with TestClient(fastapi()).websocket_connect("/chat/7") as socket:
        assert socket.receive_text() == "/chat/{room}"
