"""What a remote is made of, and what all of them share."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reliakit.clock import Clock
from reliakit.core.counters import Counters
from reliakit.core.scope import Scope
from reliakit.definitions.upstream_models import UpstreamSection
from reliakit.failover.distribution import Standpoint
from reliakit.upstreams.forwarding import Forwarding

if TYPE_CHECKING:
    from reliakit.runtime.remotes.remote import Remote

__all__ = ["Company", "Plan"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a remote is made of. One of an equal plan stays as it is, with its connections.

    Attributes:
        section: what is written of it.
        forwarding: what its endpoints are told of the client.
        standpoint: where this process runs.
        folder: that paths of files are relative to.
    """

    section: UpstreamSection
    forwarding: Forwarding
    standpoint: Standpoint
    folder: Path


@dataclass(frozen=True, slots=True)
class Company:
    """What all remotes of a process share.

    Attributes:
        clock: of the process.
        counters: of the process.
        scope: tells the scope of the moment.
        told: told whether an upstream takes requests, whenever that changes.
        wake: has the engine look at them soon.
        find: finds another remote by its name.
    """

    clock: Clock
    counters: Counters
    scope: Callable[[], Scope | None]
    told: Callable[[str, bool], None]
    wake: Callable[[], None]
    find: Callable[[str], "Remote | None"]
