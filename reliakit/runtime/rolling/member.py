"""A worker's part in replacements: it sends no requests to what is replaced, and says so."""

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

from reliakit.failover.endpoints import EndpointHealth, Status
from reliakit.failover.rolling.state import RollingState, emptied
from reliakit.runtime.controlled import Controlled, Held
from reliakit.runtime.rolling.counting import Counted
from reliakit.runtime.rolling.gathering import FRESH, mark_of
from reliakit.runtime.sighting import Emptying
from reliakit.stores.protocol import Document

if TYPE_CHECKING:
    from reliakit.runtime.remotes.remote import Remote
    from reliakit.runtime.remotes.table import Remotes

__all__ = ["Member"]

_log = logging.getLogger("reliakit")


class Member:
    """What one worker knows of the replacements of all, and does about them.

    Args:
        controlled: reads their states.
        remotes: the upstreams of this process.

    Attributes:
        states: where each upstream's last replacement stands, as far as this worker knows.
    """

    def __init__(self, controlled: Controlled[RollingState], remotes: "Remotes") -> None:
        self._controlled, self._remotes = controlled, remotes
        self.states: dict[str, Held[RollingState]] = {}
        self.counted = Counted()
        self._unread = False
        self._fresh: dict[str, set[tuple[str, str]]] = {}

    def learn(self, found: Mapping[str, Document]) -> None:
        """Takes in what the store holds. What it has lost stays in force, and is told again by whoever decides."""
        try:
            states = self._controlled.among(found)
        except ValueError as unread:
            if not self._unread:
                self._unread = True
                _log.error("replacements can't be read, and stay as they were known: %s", unread)
            return
        lost = {name: Held(held.state) for name, held in self.states.items() if name not in states}
        self.states = lost | states
        self.apply()

    def took(self, state: RollingState) -> None:
        """Takes in what this worker has just decided; the version comes with the next reading."""
        self.states[state.upstream] = Held(state, self.states[state.upstream].version)
        self.apply()

    def apply(self) -> None:
        """Has the endpoints of all replacements get requests, or none, as is known; to be called again and again, since
        upstreams are defined anew."""
        for name, held in self.states.items():
            remote = self._remotes.find(name)
            if remote is not None:
                present = {unit.address for unit in held.state.units if unit.present}
                remote.drain(emptied(held.state) | (remote.spares - present))
                self._forgive(held.state, remote)

    def _forgive(self, state: RollingState, remote: "Remote") -> None:
        """What an endpoint was ejected for was done by a process that is not there any more."""
        fresh = {(unit.address, mark_of(state, unit)) for unit in state.units if unit.step in FRESH}
        for address, _ in fresh - self._fresh.get(state.upstream, set()):
            remote.replaced(address)
        self._fresh[state.upstream] = fresh

    def look(self) -> None:
        """Counts what the endpoints of replacements have answered."""
        self.apply()
        for name, held in self.states.items():
            remote = self._remotes.find(name)
            if held.state.active and remote is not None:
                self.counted.look(held.state, remote.answered)
            else:
                self.counted.forget(name)

    def told(self) -> dict[str, dict[str, Emptying]]:
        """Returns what this worker tells the others."""
        found = {}
        for name, held in self.states.items():
            remote = self._remotes.find(name)
            if held.state.active and remote is not None:
                found[name] = _emptying(held.state, remote)
        return found

    def known(self, name: str) -> dict[str, bool]:
        """Returns the endpoints of an upstream, and whether they would be sent requests if they might."""
        return {address: _well(health) for address, health in self._remotes.known.get(name, ())}


def _emptying(state: RollingState, remote: "Remote") -> dict[str, Emptying]:
    """Says of an endpoint only what holds: that nobody chooses it any more is known a moment after it was told."""
    known, in_flight, out = dict(remote.known), remote.in_flight, emptied(state)
    return {
        unit.address: Emptying(
            mark_of(state, unit), in_flight.get(unit.address, 0), _well(known[unit.address])
        )
        for unit in state.units
        if unit.address in out and unit.address in known and known[unit.address].draining
    }


def _well(health: EndpointHealth) -> bool:
    return health.checked is Status.HEALTHY and not health.ejected
