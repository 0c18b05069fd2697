"""reliakit in Flask: an extension, the kit of the current app, view decorators, template functions and commands."""

from reliakit import MissingExtraError

try:
    import flask as _flask
except ImportError as missing:
    raise MissingExtraError("reliakit_flask", "flask") from missing

from reliakit_flask.asking import kit
from reliakit_flask.extension import FlaskReliakit
from reliakit_flask.views import flag_required

__all__ = ["FlaskReliakit", "flag_required", "kit"]

del _flask
