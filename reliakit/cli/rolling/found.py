"""The replacement that a command is about: as the file has it, and as the store does."""

from dataclasses import dataclass

from reliakit.cli.printing import Failure
from reliakit.cli.reports import Reporting, reporting
from reliakit.cli.shared import Shared
from reliakit.definitions.problems import enumerate_words, suggestion
from reliakit.definitions.rolling import rolling_definition, rollings
from reliakit.failover.rolling.definition import RollingDefinition
from reliakit.failover.rolling.state import RollingState
from reliakit.runtime.controlled import Controlled, Held
from reliakit.stores.protocol import Store

__all__ = ["Standing", "controlled", "defined", "standing"]


def controlled(store: Store) -> Controlled[RollingState]:
    """Returns what reads and writes states of replacements."""
    return Controlled(store, "rolling", RollingState.from_record)


def defined(shared: Shared, name: str) -> RollingDefinition:
    """Returns how the endpoints of an upstream are replaced.

    Raises:
        Failure: there is no such upstream, or nothing says how.
    """
    found, upstreams = rollings(shared.known), shared.known.upstreams
    if name in found:
        return rolling_definition(name, found[name])
    if name in upstreams:
        raise Failure(f"upstream {name} does not say how its endpoints are replaced; give it `rolling`")
    known = f"there are {enumerate_words(sorted(found))}" if found else "no upstream has `rolling`"
    raise Failure(f"there is no upstream {name!r}; {suggestion(name, found) or known}")


@dataclass(frozen=True, slots=True)
class Standing:
    """A replacement at a moment; the state is None where there never was one."""

    definition: RollingDefinition
    held: Held[RollingState] | None
    now: float
    workers: Reporting


async def standing(shared: Shared, name: str) -> Standing:
    """Looks at the last replacement of an upstream, and at those who serve it; raises StoreError and Failure."""
    definition, workers = defined(shared, name), await reporting(shared)
    return Standing(definition, (await controlled(shared.store).load()).get(name), workers.now, workers)
