"""An upstream that is elsewhere, as a WSGI application."""

import time
from collections.abc import Iterable, Sequence
from http import HTTPStatus

from reliakit.runtime.remotes.complaints import Complaints
from reliakit.runtime.remotes.problems import Answer, problem
from reliakit.runtime.remotes.reachability import Reachability
from reliakit.runtime.remotes.retrying import Retrying
from reliakit.upstreams.errors import Unanswered
from reliakit.upstreams.protocol import Environ, StartResponse, WSGITransport

__all__ = ["WSGIRemote", "respond"]


class WSGIRemote:
    """As `ASGIRemote`, on threads.

    Args:
        transports: to its endpoints, in their order.
        reachability: of its endpoints.
        complaints: takes note of requests that got no answer.
    """

    def __init__(
        self, transports: Sequence[WSGITransport], reachability: Reachability, complaints: Complaints
    ) -> None:
        self.transports, self._complaints = transports, complaints
        self._reachability, self._retrying = reachability, Retrying(reachability)
        self._requests: set[object] = set()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Passes one request on, or answers it. The body raises Aborted where the rest of it is not to be had."""
        request, tried = object(), [self._reachability.pick()]
        self._requests.add(request)
        try:
            while True:
                try:
                    body = self.transports[tried[-1]](environ, start_response)
                except Unanswered as failed:
                    following = self._retrying.next(
                        failed, environ["REQUEST_METHOD"], tried, len(self._requests)
                    )
                    if following is None:
                        self._complaints.about(failed)
                        return respond(problem(failed.status, failed.reason), environ, start_response)
                    self._retrying.retries.add(request)
                    time.sleep(following[1])
                    tried.append(following[0])
                else:
                    self._reachability.answered(tried[-1])
                    return body
        finally:
            self._requests.discard(request)
            self._retrying.retries.discard(request)

    def close(self) -> None:
        """Lets idle connections go, and others when their requests end."""
        for transport in self.transports:
            transport.close()


def respond(answer: Answer, environ: Environ, start_response: StartResponse) -> list[bytes]:
    """Returns an answer of ours."""
    status, headers, body = answer
    pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
    start_response(f"{status} {HTTPStatus(status).phrase}", pairs)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]
