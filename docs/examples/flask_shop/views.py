"""The shop's pages."""

import os
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, session, url_for

from flask_shop.database import connection, user
from reliakit_flask import flag_required, kit

__all__ = ["shop"]

shop = Blueprint("shop", __name__)


@shop.get("/")
def items() -> str:
    rows = connection().execute("SELECT id, title, cents FROM items").fetchall()
    return render_template("items.html", items=rows)


@shop.post("/login")
def login() -> Any:
    found = user(request.form["name"])
    if found is None:
        abort(403)
    session["user"] = found.name
    return redirect(url_for("shop.items"))


def two_steps() -> Any:
    return _order("two steps")


@shop.post("/orders")
@flag_required("new_checkout", otherwise=two_steps)
def order() -> Any:
    return _order("one step")


def _order(way: str) -> Any:
    if "user" not in session:
        abort(401)
    item = request.form.get("item", type=int)
    database = connection()
    if database.execute("SELECT 1 FROM items WHERE id = ?", [item]).fetchone() is None:
        kit.fail("unknown_item")
        abort(404)
    database.execute("INSERT INTO orders (name, item, way) VALUES (?, ?, ?)", [session["user"], item, way])
    database.commit()
    return {"order": way}, 201


@shop.get("/items/<int:item>/reviews")
@flag_required("reviews")
def reviews(item: int) -> Any:
    return []


@shop.get("/me")
def me() -> Any:
    """What the shop looks like to whoever asks."""
    flags = {"new_checkout": kit.enabled("new_checkout"), "reviews": kit.enabled("reviews")}
    return {"name": session.get("user"), **flags, "banner": kit.value("banner", "")}


@shop.get("/health")
def health() -> Any:
    """For a readiness probe."""
    return {"ready": kit.ready, "pid": os.getpid()}, 200 if kit.ready else 503
