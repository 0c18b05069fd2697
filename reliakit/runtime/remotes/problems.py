"""Our own answers where an upstream gave none, as problem+json (RFC 9457)."""

import json
from http import HTTPStatus

__all__ = ["NO_ROUTE", "Answer", "problem"]

NO_ROUTE = "no_route"
Answer = tuple[int, list[tuple[bytes, bytes]], bytes]
"""Status, headers, body."""

_DETAILS = {
    "connect_failed": "no connection to the upstream came about",
    "connect_timeout": "no connection to the upstream came about in time",
    "pool_full": "all connections to the upstream are busy",
    "connection_lost": "the upstream hung up before it answered",
    "response_timeout": "the upstream did not answer in time",
    "bad_response": "the upstream answered with something that is no HTTP",
    "no_endpoint": "no endpoint of the upstream takes requests now",
    "given_up": "the upstream can't answer now",
    "overflow": "too much is under way to the upstream",
    "bad_request": "the request could be understood in more than one way",
    NO_ROUTE: "no route leads anywhere from here",
    "uri_too_long": "the target of the request is too long",
    "headers_too_large": "the headers of the request are too large",
    "too_slow": "the request took too long to arrive",
    "version": "this version of HTTP is not spoken here",
    "read_only": "this can be read and nothing else",
}


def problem(status: int, reason: str) -> Answer:
    """Returns an answer of ours.

    It says what went wrong and not where: addresses are for the log.

    Args:
        status: of HTTP.
        reason: one word, which programs may look at.
    """
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": _DETAILS.get(reason, "the upstream did not answer"),
        "reliakit": reason,
    }
    text = json.dumps(body).encode()
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", b"%d" % len(text)),
        (b"cache-control", b"no-store"),
    ]
    if status == 503:
        headers.append((b"retry-after", b"1"))
    return status, headers, text
