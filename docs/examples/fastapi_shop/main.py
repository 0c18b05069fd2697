"""The shop's application."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from fastapi_shop.database import Database, create
from reliakit import Reliakit
from reliakit_fastapi import ReliakitMiddleware, enabled, identify, require_flag, rollout_route, value

__all__ = ["app", "kit"]

kit = Reliakit(Path(__file__).with_name("reliakit.yaml"))


@dataclass(frozen=True)
class User:
    """Somebody who is signed in."""

    name: str
    plan: str


Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))]


def current_user(database: Database, bearer: Bearer) -> User | None:
    if bearer is None:
        return None
    query = "SELECT name, plan FROM users WHERE token = ?"
    found = database.execute(query, [bearer.credentials]).fetchone()
    if found is None:
        raise HTTPException(401)
    return User(*found)


signed_in = identify(current_user, lambda user: (user.name, {"plan": user.plan}))


def customer(user: Annotated[User | None, Depends(signed_in)]) -> User:
    if user is None:
        raise HTTPException(401)
    return user


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    create()
    yield


# What the app depends on runs first, so every flag is decided for whoever is signed in.
app = FastAPI(title="Shop", lifespan=lifespan, dependencies=[Depends(signed_in)])
app.add_middleware(ReliakitMiddleware, kit=kit)


@app.get("/items")
def items(database: Database, banner: Annotated[str, Depends(value("banner", ""))]) -> dict[str, Any]:
    rows = database.execute("SELECT id, title, cents FROM items")
    return {
        "banner": banner,
        "items": [dict(zip(("id", "title", "cents"), row, strict=True)) for row in rows],
    }


@app.get("/search")
@rollout_route(kit, "search")
def search(database: Database, query: str) -> list[str]:
    """Finds what has the whole query in its title."""
    sql = "SELECT title FROM items WHERE instr(lower(title), lower(?)) ORDER BY id"
    return [title for (title,) in database.execute(sql, [query])]


@search.canary
def search_by_words(database: Database, query: str) -> list[str]:
    words = query.lower().split()
    titles = [title for (title,) in database.execute("SELECT title FROM items ORDER BY id")]
    return [title for title in titles if any(word in title.lower() for word in words)]


@app.post("/orders", status_code=201)
def order(database: Database, item: int, user: Annotated[User, Depends(customer)]) -> dict[str, Any]:
    return {"order": checkout(database, item, user)}


def two_steps(database: Database, item: int, user: User) -> str:
    return _ordered(database, item, user, "two steps")


@kit.flag("new_checkout", otherwise=two_steps)
def checkout(database: Database, item: int, user: User) -> str:
    return _ordered(database, item, user, "one step")


def _ordered(database: Database, item: int, user: User, way: str) -> str:
    if database.execute("SELECT 1 FROM items WHERE id = ?", [item]).fetchone() is None:
        kit.fail("unknown_item")
        raise HTTPException(404)
    database.execute("INSERT INTO orders (name, item, way) VALUES (?, ?, ?)", [user.name, item, way])
    return way


@app.get("/items/{item}/reviews", dependencies=[Depends(require_flag("reviews"))])
async def reviews(item: int) -> list[str]:
    return []


@app.get("/me")
async def me(
    user: Annotated[User, Depends(customer)],
    new_checkout: Annotated[bool, Depends(enabled("new_checkout"))],
    reviews: Annotated[bool, Depends(enabled("reviews"))],
    banner: Annotated[str, Depends(value("banner", ""))],
) -> dict[str, Any]:
    """What the shop looks like to whoever asks."""
    return {"name": user.name, "new_checkout": new_checkout, "reviews": reviews, "banner": banner}


@app.get("/health")
def health(response: Response) -> dict[str, Any]:
    """For a readiness probe."""
    response.status_code = 200 if kit.ready else 503
    return {"ready": kit.ready, "pid": os.getpid()}
