"""A small shop in Flask. Start it from the root: `flask --app docs/examples/flask_shop run`."""

import os
from typing import Any

from flask import Flask, session

from flask_shop import database, views
from reliakit_flask import FlaskReliakit

__all__ = ["create_app"]


def signed_in() -> Any:
    """Whom the session knows, as flags want to know it: a key, and attributes for rules."""
    if "user" not in session:
        return None
    user = database.user(session["user"])
    return user and (user.name, {"plan": user.plan})


reliakit = FlaskReliakit(user=signed_in)


def create_app(config: dict[str, Any] | None = None) -> Flask:
    """Makes the application.

    Args:
        config: for tests, over what the environment says.
    """
    app = Flask(__name__)
    app.config["SECRET_KEY"] = os.environ.get("SHOP_SECRET", "for development only")
    app.config["SHOP_DATABASE"] = os.environ.get("SHOP_DATABASE", "shop.db")
    app.config.from_mapping(config or {})
    reliakit.init_app(app)
    database.init_app(app)
    app.register_blueprint(views.shop)
    return app
