"""The transport for the WSGI side: streams both ways, on the thread of its caller.

A body is sent before its response is read, and `100 Continue` is not waited for: one thread can't do two things.
"""

import http.client
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Any

from reliakit.upstreams.address import Address
from reliakit.upstreams.environ import scope_of
from reliakit.upstreams.errors import (
    IDEMPOTENT,
    Aborted,
    BadRequest,
    BadResponse,
    ConnectionLost,
    ResponseTimeout,
    Unanswered,
)
from reliakit.upstreams.forwarding import Forwarding
from reliakit.upstreams.incoming import Incoming, incoming
from reliakit.upstreams.outgoing import CHUNKED, NO_BODY, Outgoing, outgoing
from reliakit.upstreams.protocol import Environ, StartResponse
from reliakit.upstreams.settings import Settings
from reliakit.upstreams.urllib3_connections import Connections
from reliakit.upstreams.urllib3_responses import StrictResponse, answer

__all__ = ["Urllib3Transport"]

_PIECE = 1 << 16


class Urllib3Transport:
    """Reaches one endpoint from WSGI.

    Args:
        address: of the endpoint.
        settings: times and limits; of those, `total`, `continue_after` and `message_bytes` mean nothing here.
        forwarding: what it is told of the client.

    Raises:
        MissingExtraError: urllib3 is not installed.
        OSError: a certificate can't be read.
    """

    def __init__(self, address: Address, settings: Settings, forwarding: Forwarding) -> None:
        self._name, self._forwarding = address.name, forwarding
        self._connections = Connections(address, settings)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Passes one request on; see `WSGITransport`."""
        request = outgoing(scope_of(environ), self._forwarding)
        body = _Upload(environ, request.length)
        connection, used = self._connections.take()
        try:
            return self._exchanged(connection, request, body, start_response)
        except ConnectionLost:
            # Dead before the request came, as far as can be told; and it may be sent twice, and still can.
            if not used or body.consumed or request.method not in IDEMPOTENT:
                raise
        connection, _ = self._connections.take(fresh=True)
        return self._exchanged(connection, request, body, start_response)

    def _exchanged(
        self, connection: Any, request: Outgoing, body: "_Upload", start_response: StartResponse
    ) -> Iterable[bytes]:
        response = None
        try:
            response = self._answered(connection, request, body)
            head = _head(response, request)
            headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in head.headers]
            start_response(f"{head.status} {response.reason or _phrase(head.status)}", headers)
        except BaseException as failed:
            if isinstance(failed, BadResponse):
                failed.acted, failed.consumed = True, body.consumed
            if response is not None:
                response.close()
            self._connections.give_back(connection, reusable=False)
            raise
        return _Download(self._connections, connection, response, head, body)

    def close(self) -> None:
        """Closes idle connections."""
        self._connections.close()

    def _answered(self, connection: Any, request: Outgoing, body: "_Upload") -> StrictResponse:
        try:
            self._send(connection, request, body)
            return answer(connection)
        except Unanswered:
            raise
        except TimeoutError:
            raise ResponseTimeout(
                f"{self._name}: nothing came in time", acted=True, consumed=body.consumed
            ) from None
        except (http.client.RemoteDisconnected, OSError) as failed:
            raise ConnectionLost(f"{self._name}: {failed}", acted=True, consumed=body.consumed) from failed
        except (http.client.HTTPException, ValueError) as failed:
            raise BadResponse(f"{self._name}: it does not speak HTTP/1.1: {failed}") from failed

    def _send(self, connection: Any, request: Outgoing, body: "_Upload") -> None:
        try:
            target = request.target.decode("ascii")
        except UnicodeDecodeError:
            raise BadRequest("the target has bytes that are no ASCII") from None
        connection.putrequest(request.method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in request.headers:
            connection.putheader(name.decode("latin-1"), value)
        if request.length == CHUNKED:
            connection.putheader("transfer-encoding", "chunked")
        connection.endheaders()
        try:
            for piece in body.pieces():
                connection.send(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it may have answered before it hung up


class _Upload:
    """A request's body, framed for the wire."""

    def __init__(self, environ: Environ, length: int) -> None:
        self._input, self._length = environ["wsgi.input"], length
        self.consumed = False
        self.complete = length == NO_BODY

    def pieces(self) -> Iterator[bytes]:
        """Yields the body.

        Raises:
            BadRequest: it ends before its length says.
        """
        if self._length == NO_BODY:
            return
        self.consumed = True
        if self._length == CHUNKED:
            while piece := self._input.read(_PIECE):
                yield b"%x\r\n%b\r\n" % (len(piece), piece)
            yield b"0\r\n\r\n"
        else:
            left = self._length
            while left:
                piece = self._input.read(min(left, _PIECE))
                if not piece:
                    raise BadRequest("the body is shorter than its content-length", acted=True, consumed=True)
                left -= len(piece)
                yield piece
        self.complete = True


class _Download:
    """The body of a response, as it arrives."""

    def __init__(
        self,
        connections: Connections,
        connection: Any,
        response: StrictResponse,
        head: Incoming,
        body: _Upload,
    ) -> None:
        self._connections, self._connection, self._response = connections, connection, response
        self._left = head.length
        self._keep = body.complete and not response.will_close
        self._over = self._closed = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._over:
            raise StopIteration
        try:
            # Not `read`, which waits until it has as much as was asked for.
            piece = self._response.read1(_PIECE) if self._left else b""
        except (http.client.HTTPException, OSError) as failed:
            raise Aborted(f"the response was cut: {failed}") from failed
        if not piece:
            if self._left > 0 or not self._response.whole:
                raise Aborted("the response was cut")
            self._over = True
            raise StopIteration
        self._left -= len(piece) if self._left > 0 else 0
        return piece

    def close(self) -> None:
        """Ends the exchange; the connection is kept if everything of it was read."""
        if not self._closed:
            self._closed = True
            keep = self._keep and self._over
            self._response.close()
            self._connections.give_back(self._connection, reusable=keep)


def _head(response: StrictResponse, request: Outgoing) -> Incoming:
    received = [
        (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in response.msg.items()
    ]
    version = "1.1" if response.version == 11 else "1.0"
    head = incoming(response.status, received, head=request.method == "HEAD", version=lambda: version)
    if head.status == 101:
        raise BadResponse("it changed to a protocol that nobody asked for")
    return head


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Unknown"
