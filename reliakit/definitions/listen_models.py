"""What users write about `reliakit serve`: where it listens, and how."""

from typing import Annotated, Literal

from msgspec import Meta

from reliakit.definitions.basics import Model, Text
from reliakit.definitions.quantities import Duration
from reliakit.definitions.upstream_models import File

__all__ = ["ListenSection", "ListenTLSSection"]

Port = Annotated[int, Meta(ge=0, le=65_535, description="a port from 0 to 65535")]
Workers = Annotated[int, Meta(ge=1, le=512, description="a whole number of workers from 1 to 512")]
Bytes = Annotated[int, Meta(ge=1_024, le=16_777_216, description="a whole number of bytes, 1024 or more")]


class ListenTLSSection(Model, frozen=True):
    """By what clients recognise the gateway. Both files are read again when it restarts its workers.

    Attributes:
        certificate: with its chain; a path relative to the definitions.
        key: of the certificate. Default: it is in the same file.
    """

    certificate: File
    key: File | None = None


class ListenSection(Model, frozen=True):
    """How `reliakit serve` listens. Changes come into force when it is restarted, by SIGHUP too but for addresses.

    Attributes:
        address: an address of this host, or `unix:` and the path of a socket.
        port: of the address.
        tls: for https.
        admin: address and port of health, readiness, status and metrics; `off` for none. Nobody has to sign in there.
        workers: processes that share the port. Default: one for each processor that the gateway may use.
        server: what speaks HTTP to clients.
        access_log: a line for each request, on standard output.
        header_bytes: of a request's line and headers together; a larger one is answered with 431.
        uri_bytes: of a request's target; a longer one is answered with 414.
        keep_alive: how long a connection of a client may be idle.
        drain: how long requests in flight may take when workers are replaced or stopped.
    """

    address: Text = "127.0.0.1"
    port: Port = 8080
    tls: ListenTLSSection | None = None
    admin: Text = "127.0.0.1:9901"
    workers: Workers | None = None
    server: Literal["uvicorn", "granian"] = "uvicorn"
    access_log: Literal["off", "text", "json"] = "off"
    header_bytes: Bytes = 65_536
    uri_bytes: Bytes = 16_384
    keep_alive: Duration = "5s"
    drain: Duration = "30s"
