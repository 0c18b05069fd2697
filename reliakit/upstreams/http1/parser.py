"""The parser: the only file here that knows httptools."""

from typing import Any

from reliakit.errors import MissingExtraError

__all__ = ["httptools"]


def httptools() -> Any:
    """Returns the module.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import httptools
    except ImportError as missing:
        raise MissingExtraError("requests to upstreams", "gateway") from missing
    return httptools
