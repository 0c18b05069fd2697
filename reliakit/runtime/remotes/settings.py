"""From what users write about an upstream to what transports are made of."""

from pathlib import Path

from reliakit.definitions.quantities import seconds
from reliakit.definitions.upstream_models import UpstreamSection, UpstreamTLSSection
from reliakit.failover.endpoints import Endpoint, Locality
from reliakit.upstreams.address import TLS, Address, address_of
from reliakit.upstreams.settings import Settings

__all__ = ["addresses_of", "endpoints_of", "settings_of"]


def endpoints_of(section: UpstreamSection) -> tuple[Endpoint, ...]:
    """Returns the endpoints, as balancing sees them."""
    return tuple(
        Endpoint(each.url, each.weight, Locality(each.region, each.zone)) for each in section.endpoints
    )


def addresses_of(section: UpstreamSection, folder: Path) -> list[Address]:
    """Returns where each endpoint is; paths of files are relative to a folder."""
    tls = None if section.tls is None else _tls(section.tls, folder)
    return [address_of(each.url, tls) for each in section.endpoints]


def settings_of(section: UpstreamSection) -> Settings:
    """Returns times and limits of the transports."""
    times, pool = section.timeouts, section.pool
    return Settings(
        connect=seconds(times.connect),
        read=seconds(times.read),
        total=None if times.total is None else seconds(times.total),
        connections=pool.connections,
        wait=seconds(pool.wait),
        keep_alive=seconds(pool.keep_alive),
    )


def _tls(section: UpstreamTLSSection, folder: Path) -> TLS:
    def file(written: str | None) -> Path | None:
        return None if written is None else folder / written

    return TLS(
        verify=section.verify,
        authorities=file(section.authorities),
        certificate=file(section.certificate),
        key=file(section.key),
        server_name=section.server_name,
    )
