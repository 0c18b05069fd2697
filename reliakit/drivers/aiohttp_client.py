"""aiohttp's client, for whoever asks an HTTP server now and then."""

from typing import TYPE_CHECKING, Any

from reliakit.errors import MissingExtraError

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession

__all__ = ["ClientResponse", "ClientSession", "client", "reason"]


def client(what: str, extra: str = "http") -> Any:
    """Returns the module.

    Raises:
        MissingExtraError: it is not installed: `what` can't be done without the extra.
    """
    try:
        import aiohttp
    except ImportError as missing:
        raise MissingExtraError(what, extra) from missing
    return aiohttp


def reason(failed: Exception) -> str:
    """Says why a server was not reached, without aiohttp's own words: they may hold the URL, and that a token."""
    cause = failed.__cause__ or failed
    told = cause.strerror if isinstance(cause, OSError) else None
    return f"{type(failed).__name__}{': ' if told else ''}{told or ''}"
