"""An upstream that is elsewhere, as a WSGI application."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from http import HTTPStatus
from typing import Any

from reliakit.failover.retries import Ruling
from reliakit.runtime.remotes.copies import Copies
from reliakit.runtime.remotes.crowds import Crowds
from reliakit.runtime.remotes.kept_input import KeptInput, has_body
from reliakit.runtime.remotes.problems import Answer, problem
from reliakit.runtime.remotes.refusals import status_of
from reliakit.runtime.remotes.side import Asking, Side
from reliakit.upstreams.errors import Aborted, ConnectFailed, Unanswered
from reliakit.upstreams.protocol import Environ, StartResponse, WSGITransport

__all__ = ["WSGIRemote", "respond"]

_LOOK = 0.01
"""Seconds between two looks whether the budget has room for a repeat; threads are few."""


class WSGIRemote:
    """As `ASGIRemote`, on threads.

    Args:
        transports: to its endpoints, in their order.
        side: decides.
        crowds: requests in flight to each endpoint.
        copies: of requests; None for none.
    """

    side: Side

    def __init__(self, transports: Sequence[WSGITransport], crowds: Crowds, copies: Copies | None) -> None:
        self.transports, self._crowds, self._copies = transports, crowds, copies
        self.flying: set[object] = set()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Passes one request on, or answers it. The body raises Aborted where the rest of it is not to be had."""
        request = _Request(self.side, environ, start_response)
        copied = self._copies.look(environ, request.body) if self._copies is not None else None
        self.flying.add(request)
        try:
            request.tried.append(self.side.choose(len(self.flying)))
            if self.side.placed:
                self.side.stand(request.tried[0])
            return self._asked(request)
        except Unanswered as failed:
            return self._again(failed, request)
        except BaseException:
            self.flying.discard(request)
            raise
        finally:
            if copied is not None:
                copied()

    def copy(self, environ: Environ) -> None:
        """Passes on a copy, once or not at all, and reads what is answered; raises as transports do."""
        request = _Request(self.side, environ, _unheard)
        self.flying.add(request)
        try:
            request.tried.append(self.side.choose(len(self.flying)))
            body = self._asked(request)
            try:
                for _ in body:
                    pass
            finally:
                body.close()
        finally:
            self.flying.discard(request)

    def _asked(self, request: "_Request") -> "_Passing":
        endpoint = request.tried[-1]
        crowd = self._crowds.members[endpoint]
        crowd.add(request)
        try:
            body = self.transports[endpoint](request.environ, request.start)
        except BaseException as failed:
            crowd.discard(request)
            if isinstance(failed, Unanswered):
                self.side.unanswered(endpoint, failed)
                request.refused += isinstance(failed, ConnectFailed)
            raise
        return _Passing(self, request, endpoint, body)

    def _again(self, failed: Unanswered, request: "_Request") -> Iterable[bytes]:
        try:
            while (instead := self._instead(failed, request)) is not None:
                self.side.retries[request] = instead[0]
                time.sleep(instead[1])
                request.begin_again(instead[0])
                try:
                    return self._asked(request)
                except Unanswered as anew:
                    failed = anew
                    self.side.retries.pop(request, None)  # or those that wait would keep room from each other
        except BaseException:
            self.flying.discard(request)
            raise
        finally:
            self.side.retries.pop(request, None)
        self.flying.discard(request)
        self.side.complain(failed)
        return respond(problem(status_of(failed), failed.reason), request.environ, request.start_response)

    def _instead(self, failed: Unanswered, request: "_Request") -> tuple[int, float] | None:
        side, left = self.side, self.side.terms.wait
        while (instead := side.instead(failed, request.asking())) is Ruling.BUDGET_SPENT and left > 0:
            left -= _LOOK
            time.sleep(_LOOK)
        side.ruled(instead)
        return None if isinstance(instead, Ruling) else instead

    def ended(self, request: object, endpoint: int, *, aborted: bool) -> None:
        """Takes note that a response is over, or will never be."""
        self._crowds.members[endpoint].discard(request)
        self.flying.discard(request)
        if aborted:
            self.side.answers.failed(endpoint)

    def after_fork(self) -> None:
        """In a forked child: the parent's threads are not there, and neither are their requests."""
        self.flying.clear()
        for crowd in self._crowds.members:
            crowd.clear()
        if self._copies is not None:
            self._copies.after_fork()

    def close(self) -> None:
        """Lets idle connections go, and others when their requests end."""
        for transport in self.transports:
            transport.close()


class _Request:
    """One request, and how endpoints answer it; equal to itself alone."""

    __slots__ = ("_side", "body", "environ", "refused", "start_response", "tried")

    def __init__(self, side: Side, environ: Environ, start_response: StartResponse) -> None:
        self._side, self.start_response = side, start_response
        self.tried: list[int] = []
        self.refused = 0
        self.body: KeptInput | None = None
        if has_body(environ):
            self.body = KeptInput(environ["wsgi.input"], side.terms.kept)
            environ = {**environ, "wsgi.input": self.body}
        self.environ = environ

    def start(self, status: str, headers: list[tuple[str, str]], *error: Any) -> Callable[[bytes], object]:
        """Passes on how an endpoint answers; raises GivenUp where another one is to be asked."""
        code, endpoint, side = int(status[:3]), self.tried[-1], self._side
        if code < 500:
            next(side.answers.numbers[endpoint])
        elif side.failed(endpoint, code):
            side.give_up(self.asking(), code)
        return self.start_response(status, headers, *error)

    def asking(self) -> Asking:
        """Returns how far it has come."""
        kept = self.body is None or self.body.kept
        return Asking(self.environ["REQUEST_METHOD"], self.tried, kept, self.refused)

    def begin_again(self, endpoint: int) -> None:
        """Goes to another endpoint, with the body from its beginning."""
        self.tried.append(endpoint)
        if self.body is not None:
            self.body.rewind()


class _Passing:
    """The body of a response; until it is closed the request is in flight."""

    __slots__ = ("_body", "_endpoint", "_iterator", "_over", "_remote", "_request")

    def __init__(self, remote: WSGIRemote, request: _Request, endpoint: int, body: Iterable[bytes]) -> None:
        self._remote, self._request, self._endpoint, self._body = remote, request, endpoint, body
        self._iterator = iter(body)
        self._over = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._iterator)
        except Aborted:
            self._end(aborted=True)
            raise

    def close(self) -> None:
        try:
            close = getattr(self._body, "close", None)
            if close is not None:
                close()
        finally:
            self._end(aborted=False)

    def _end(self, *, aborted: bool) -> None:
        if not self._over:
            self._over = True
            self._remote.ended(self._request, self._endpoint, aborted=aborted)


def _unheard(status: str, headers: list[tuple[str, str]], *error: Any) -> Callable[[bytes], object]:
    """Takes an answer that nobody reads."""
    return lambda piece: None


def respond(answer: Answer, environ: Environ, start_response: StartResponse) -> list[bytes]:
    """Returns an answer of ours."""
    status, headers, body = answer
    pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
    start_response(f"{status} {HTTPStatus(status).phrase}", pairs)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]
