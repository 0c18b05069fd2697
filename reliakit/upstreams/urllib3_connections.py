"""Connections to one endpoint for threads: the only file here that knows urllib3.

Its connections are used, which bring TLS, timeouts and the look whether a peer has hung up; its pool is not, since
that writes targets anew (`%7e` becomes `%7E`), and neither are its responses, since they sort headers.
"""

import socket
import ssl
import threading
from collections import deque
from time import monotonic
from typing import Any

from reliakit.errors import MissingExtraError
from reliakit.upstreams.address import Address
from reliakit.upstreams.errors import ConnectFailed, ConnectTimeout, PoolFull
from reliakit.upstreams.settings import Settings
from reliakit.upstreams.tls import context_of
from reliakit.upstreams.urllib3_responses import StrictResponse

__all__ = ["Connections"]


class Connections:
    """Hands out connections, the one that was used last first.

    Args:
        address: of the endpoint.
        settings: how many, and for how long.

    Raises:
        MissingExtraError: urllib3 is not installed.
        OSError: a certificate can't be read.
    """

    def __init__(self, address: Address, settings: Settings) -> None:
        self._made = _urllib3()
        self._address, self._settings = address, settings
        self._tls = context_of(address.tls) if address.tls else None
        self._free = threading.BoundedSemaphore(settings.connections)
        self._idle: deque[tuple[Any, float]] = deque()

    def take(self, *, fresh: bool = False) -> tuple[Any, bool]:
        """Returns a connection, and whether it has served before.

        Raises:
            PoolFull: all are busy, and stayed so.
            ConnectFailed: there is none to be had.
            ConnectTimeout: it took too long.
        """
        if not self._free.acquire(timeout=self._settings.wait):
            raise PoolFull(
                f"all {self._settings.connections} connections stayed busy for {self._settings.wait:g} s"
            )
        try:
            rested = None if fresh else self._rested()
            return (rested, True) if rested is not None else (self._dialled(), False)
        except BaseException:
            self._free.release()
            raise

    def give_back(self, connection: Any, *, reusable: bool) -> None:
        """Takes a connection back."""
        if reusable:
            self._idle.append((connection, monotonic()))
        else:
            connection.close()
        self._free.release()

    def close(self) -> None:
        """Closes those that are idle."""
        while self._idle:
            self._idle.pop()[0].close()

    def _rested(self) -> Any:
        while True:
            try:
                connection, since = self._idle.pop()
            except IndexError:
                return None
            if monotonic() - since <= self._settings.keep_alive and connection.is_connected:
                return connection
            connection.close()

    def _dialled(self) -> Any:
        address, settings, errors = self._address, self._settings, self._made.exceptions
        connection = self._new()
        try:
            connection.connect()
        except errors.NewConnectionError as failed:
            raise ConnectFailed(f"{address.name}: {failed}") from failed
        except (errors.ConnectTimeoutError, TimeoutError):
            raise ConnectTimeout(f"{address.name}: no connection within {settings.connect:g} s") from None
        except ssl.SSLCertVerificationError as failed:
            connection.close()
            raise ConnectFailed(
                f"{address.name}: its certificate is not trusted: {failed.verify_message}"
            ) from failed
        except (errors.HTTPError, OSError) as failed:
            connection.close()
            raise ConnectFailed(f"{address.name}: {failed}") from failed
        connection.sock.settimeout(settings.read)
        return connection

    def _new(self) -> Any:
        address, made = self._address, self._made
        timeout = self._settings.connect
        host, port = address.host or "localhost", address.port or 80
        if self._tls is None:
            connection = made.connection.HTTPConnection(host, port, timeout=timeout)
        else:
            assert address.tls is not None
            connection = made.connection.HTTPSConnection(
                host, port, timeout=timeout, ssl_context=self._tls, server_hostname=address.tls.server_name
            )
        if address.socket is not None:
            connection._new_conn = lambda: _unix(str(address.socket), timeout)
        connection.response_class = StrictResponse
        return connection


def _unix(path: str, timeout: float) -> socket.socket:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.settimeout(timeout)
    try:
        made.connect(path)
    except BaseException:
        made.close()
        raise
    return made


def _urllib3() -> Any:
    try:
        import urllib3
        import urllib3.connection
    except ImportError as missing:
        raise MissingExtraError("requests to upstreams on the WSGI side", "wsgi") from missing
    return urllib3
