"""Flags as dependencies.

What the functions here return is equal to what they return for the same arguments elsewhere. So an endpoint and all
its dependencies get one answer, and a test overrides it without having to import what the endpoint uses:
`app.dependency_overrides[enabled("new_checkout")] = lambda: True`.
"""

from dataclasses import dataclass
from typing import Generic, TypeVar

from fastapi import HTTPException, WebSocketException, status
from starlette.requests import HTTPConnection

from reliakit_fastapi.kits import get_kit

__all__ = ["Enabled", "RequireFlag", "Value", "enabled", "require_flag", "value"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Enabled:
    """Whether a flag is on for whoever sent the request."""

    key: str
    default: bool

    async def __call__(self, connection: HTTPConnection) -> bool:
        return (await get_kit(connection)).enabled(self.key, default=self.default)


@dataclass(frozen=True, slots=True)
class Value(Generic[T]):
    """The value of a flag's variant for whoever sent the request."""

    key: str
    default: T
    kind: type[T]
    """Tells defaults apart that are equal and no two of a kind, as 1 and True."""

    def __hash__(self) -> int:
        return hash(self.key)  # a default may be a list or a mapping

    async def __call__(self, connection: HTTPConnection) -> T:
        return (await get_kit(connection)).value(self.key, self.default)


@dataclass(frozen=True, slots=True)
class RequireFlag:
    """Lets through those for whom a flag is on."""

    key: str
    status_code: int
    detail: str | None
    default: bool

    async def __call__(self, connection: HTTPConnection) -> None:
        if (await get_kit(connection)).enabled(self.key, default=self.default):
            return
        if connection.scope["type"] == "websocket":
            raise WebSocketException(status.WS_1008_POLICY_VIOLATION, self.detail)
        raise HTTPException(self.status_code, self.detail)


def enabled(key: str, *, default: bool = False) -> Enabled:
    """Returns a dependency that tells whether a flag is on: `new: Annotated[bool, Depends(enabled("new"))]`.

    Args:
        key: the flag.
        default: what to answer where the flag is missing or can't be decided.
    """
    return Enabled(key, default)


def value(key: str, default: T) -> Value[T]:
    """Returns a dependency that gives the value of a flag's variant, which is of the type of `default`."""
    return Value(key, default, type(default))


def require_flag(
    key: str,
    *,
    status_code: int = status.HTTP_404_NOT_FOUND,
    detail: str | None = None,
    default: bool = False,
) -> RequireFlag:
    """Returns a dependency that refuses those for whom a flag is off: `dependencies=[Depends(require_flag("new"))]`.

    They get what a path gets that does not exist; a WebSocket is not accepted.

    Args:
        key: the flag.
        status_code: of the answer.
        detail: of the answer; by default what the status code means.
        default: whether to let everybody through where the flag is missing or can't be decided.
    """
    return RequireFlag(key, status_code, detail, default)
