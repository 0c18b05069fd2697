"""reliakit in FastAPI and Starlette: a middleware, dependencies, and rollouts of endpoints."""

from reliakit import MissingExtraError

try:
    import fastapi as _fastapi
except ImportError as missing:
    raise MissingExtraError("reliakit_fastapi", "fastapi") from missing

from reliakit_fastapi.flags import enabled, require_flag, value
from reliakit_fastapi.identity import identify
from reliakit_fastapi.kits import Kit, get_kit
from reliakit_fastapi.lifespans import lifespan
from reliakit_fastapi.middleware import ReliakitMiddleware
from reliakit_fastapi.rollouts import rollout_route
from reliakit_fastapi.routes import http_route

__all__ = [
    "Kit",
    "ReliakitMiddleware",
    "enabled",
    "get_kit",
    "http_route",
    "identify",
    "lifespan",
    "require_flag",
    "rollout_route",
    "value",
]

del _fastapi
