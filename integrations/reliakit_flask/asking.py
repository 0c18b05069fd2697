"""Who is asking in a request of Flask: found out once, and not before somebody checks a flag."""

import logging
from contextlib import suppress
from typing import Any, cast

from flask import current_app, has_request_context, request
from werkzeug.local import LocalProxy

from reliakit import Reliakit, UsageError

__all__ = ["BEHIND", "KIT", "USER", "current_kit", "kit", "leave"]

KIT = "reliakit"
"""Where an app's extensions have its kit."""
USER = "reliakit.user"
"""Where they have the callable that gives the user."""
BEHIND = "reliakit.behind"
"""In the environ of requests that came by the middleware, which knows their end."""
_ASKED = "reliakit.asked"
_BLOCK = "reliakit.block"

_log = logging.getLogger("reliakit")


def current_kit() -> Reliakit:
    """Returns the kit of the current app, for the user of the current request.

    Raises:
        UsageError: the app has no extension.
        RuntimeError: there is no current app.
    """
    found: Reliakit | None = current_app.extensions.get(KIT)
    if found is None:
        raise UsageError("this app has no kit; write: FlaskReliakit(app), or init_app(app) in its factory")
    # The environ is made for what middleware knows of a request; `flask.g` is the application's own.
    if has_request_context() and _ASKED not in request.environ:
        request.environ[_ASKED] = True
        _introduce(found)
    return found


def _introduce(found: Reliakit) -> None:
    ask = current_app.extensions.get(USER)
    if BEHIND not in request.environ:
        # As in `app.test_request_context()`, where nobody else would forget the user.
        key, attributes = _said(ask)
        request.environ[_BLOCK] = found.identify(key, **attributes)
    elif ask is not None:
        key, attributes = _said(ask)
        found.identify(key, **attributes)


def _said(ask: Any) -> tuple[Any, dict[str, Any]]:
    try:
        said = ask() if ask is not None else None
        return said if isinstance(said, tuple) else (said, {})
    except Exception:
        _log.exception("the callable that gives the user failed; the request goes on as nobody's")
        return None, {}


def leave(_: BaseException | None = None) -> None:
    """Forgets at the end of a request context what it was told."""
    block = request.environ.pop(_BLOCK, None)
    if block is not None:
        with suppress(
            ValueError
        ):  # a copied context may end in another thread, where there is nothing to undo
            block.__exit__(None, None, None)


# A proxy has the attributes of what it stands for, which its type does not say.
kit = cast(Reliakit, LocalProxy(current_kit))
"""The kit of the current app, as `current_app` is the app: one module may serve several apps."""
