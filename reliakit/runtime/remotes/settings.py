"""From what users write about an upstream to what transports and decisions are made of."""

from pathlib import Path
from typing import Literal

from reliakit.definitions.health_models import HealthCheckSection, OutlierSection
from reliakit.definitions.outcomes import status_codes
from reliakit.definitions.quantities import seconds
from reliakit.definitions.upstream_models import UpstreamSection, UpstreamTLSSection
from reliakit.failover.balancing import Balancer
from reliakit.failover.circuit import CircuitLimits
from reliakit.failover.distribution import Admission, BalancingRules, Prefer
from reliakit.failover.endpoints import Endpoint, Locality
from reliakit.failover.health import CheckRules
from reliakit.failover.mirroring import MirrorRules
from reliakit.failover.outlier_rules import OutlierRules
from reliakit.failover.priorities import PriorityRules
from reliakit.failover.retries import RetryRules
from reliakit.failover.slow_start import SlowStart
from reliakit.runtime.remotes.health import HealthRules
from reliakit.runtime.remotes.probing import Asked
from reliakit.runtime.remotes.side import Terms
from reliakit.upstreams.address import TLS, Address, address_of
from reliakit.upstreams.settings import Settings

__all__ = [
    "addresses_of",
    "admission_of",
    "asked_of",
    "draining_of",
    "endpoints_of",
    "health_rules_of",
    "mirror_rules_of",
    "settings_of",
    "spares_of",
    "terms_of",
]


def endpoints_of(section: UpstreamSection) -> tuple[Endpoint, ...]:
    """Returns the endpoints, as balancing sees them."""
    return tuple(
        Endpoint(each.url, each.weight, Locality(each.region, each.zone), each.priority)
        for each in section.endpoints
    )


def draining_of(section: UpstreamSection) -> frozenset[int]:
    """Returns the numbers of endpoints that are to become empty."""
    return frozenset(number for number, each in enumerate(section.endpoints) if each.drain)


def spares_of(section: UpstreamSection) -> frozenset[str]:
    """Returns the addresses of endpoints that serve only where somebody has started them."""
    return frozenset(each.url for each in section.endpoints if each.spare)


def admission_of(name: str, section: UpstreamSection, before: Admission | None) -> Admission | None:
    """Returns the regions that are asked until somebody decides: as before, where the definition still has those."""
    recovery = section.recovery
    if recovery is None:
        return None
    # Imported for the first upstream whose regions stand in for each other.
    from reliakit.definitions.recovery import recovery_definition
    from reliakit.failover.recovery.state import RecoveryState, admitted

    if before is not None and all(regions <= set(recovery.regions) for _, regions in before):
        return before
    return admitted(recovery_definition(name, recovery), RecoveryState(name, 0.0))


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


def health_rules_of(section: UpstreamSection) -> HealthRules:
    """Returns what decides which endpoints get requests."""
    near, slow = section.priorities, section.slow_start
    balancing = BalancingRules(
        Prefer(near.prefer),
        PriorityRules(near.overprovisioning_factor, near.panic_threshold / 100),
        None if slow is None else SlowStart(seconds(slow.window), slow.aggression, slow.minimum / 100),
        near.min_cluster_size,
    )
    check = section.health_check
    checks = None if check is None else _check_rules(check)
    return HealthRules(balancing, checks, _outlier_rules(section.outlier_detection))


def _check_rules(check: HealthCheckSection) -> CheckRules:
    return CheckRules(
        seconds(check.interval),
        seconds(check.jitter),
        seconds(check.timeout),
        check.healthy_threshold,
        check.unhealthy_threshold,
    )


def _outlier_rules(section: Literal["off"] | OutlierSection) -> OutlierRules | None:
    if isinstance(section, str):
        return None
    values = {name: getattr(section, name) for name in section.__struct_fields__}
    times = ("interval", "base_ejection_time", "max_ejection_time")
    return OutlierRules(**{**values, **{name: seconds(values[name]) for name in times}})


def asked_of(section: UpstreamSection) -> Asked | None:
    """Returns what health checks ask by HTTP; None where they do not."""
    check = section.health_check
    if check is None or check.http is None:
        return None
    return Asked(check.http, check.host, _codes(check.expected))


def terms_of(name: str, section: UpstreamSection) -> Terms:
    """Returns on which terms an upstream is asked."""
    mirror, limits = section.mirror, section.limits
    return Terms(
        name,
        Balancer(section.balancer),
        _retry_rules(section),
        seconds(section.retries.wait),
        max(section.retries.body, mirror.body if mirror else 0),
        CircuitLimits(limits.connections, limits.pending, limits.requests),
        section.pool.connections,
    )


def _retry_rules(section: UpstreamSection) -> RetryRules:
    retries = section.retries
    return RetryRules(
        retries.attempts,
        _codes(retries.statuses),
        retries.budget,
        retries.minimum,
        seconds(retries.base),
        seconds(retries.max),
    )


def mirror_rules_of(section: UpstreamSection) -> MirrorRules | None:
    """Returns what is copied; None for nothing."""
    mirror = section.mirror
    return None if mirror is None else MirrorRules(mirror.percentage, mirror.most, mirror.body)


def _codes(written: tuple[str | int, ...]) -> frozenset[int]:
    return frozenset().union(*map(status_codes, written))


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
