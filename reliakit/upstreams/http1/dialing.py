"""How a connection to an endpoint comes about."""

import asyncio
import ssl
from contextvars import Context

from reliakit.upstreams.address import Address
from reliakit.upstreams.errors import ConnectFailed, ConnectTimeout
from reliakit.upstreams.http1.connection import Connection
from reliakit.upstreams.settings import Settings
from reliakit.upstreams.tls import context_of

__all__ = ["Dialer"]


class Dialer:
    """Connects to one endpoint.

    Args:
        address: of it.
        settings: times and limits.

    Raises:
        OSError: a certificate can't be read.
    """

    def __init__(self, address: Address, settings: Settings) -> None:
        self._address, self._settings = address, settings
        self._tls = context_of(address.tls) if address.tls else None
        self._name = (address.tls.server_name if address.tls else None) or address.host or "localhost"

    async def dial(self) -> Connection:
        """Returns a new connection.

        Raises:
            ConnectFailed: there is none to be had.
            ConnectTimeout: it took too long.
        """
        # A connection outlives the request that asked for it, and must not keep that one's context alive.
        task = asyncio.get_running_loop().create_task(self._dialled(), context=Context())
        return await task

    async def _dialled(self) -> Connection:
        name = self._address.name
        try:
            async with asyncio.timeout(self._settings.connect):
                return await self._connected(asyncio.get_running_loop())
        except TimeoutError:
            raise ConnectTimeout(f"{name}: no connection within {self._settings.connect:g} s") from None
        except ssl.SSLCertVerificationError as failed:
            raise ConnectFailed(
                f"{name}: its certificate is not trusted: {failed.verify_message}"
            ) from failed
        except (OSError, ValueError) as failed:
            raise ConnectFailed(f"{name}: {failed}") from failed

    async def _connected(self, loop: asyncio.AbstractEventLoop) -> Connection:
        address, largest = self._address, self._settings.head_bytes
        named = self._name if self._tls else None
        if address.socket is not None:
            _, made = await loop.create_unix_connection(
                lambda: Connection(loop, largest), address.socket, ssl=self._tls, server_hostname=named
            )
        else:
            _, made = await loop.create_connection(
                lambda: Connection(loop, largest),
                address.host,
                address.port,
                ssl=self._tls,
                server_hostname=named,
            )
        return made
