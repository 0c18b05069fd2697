"""What both shells do with a request before anything runs: whom to believe, where to send it."""

import logging
from collections.abc import Callable, Container
from pathlib import Path
from typing import Any

from reliakit.core.bucketing import key_text
from reliakit.core.counters import Counters, Failed
from reliakit.core.identity import Identity
from reliakit.core.match import Match
from reliakit.core.pins import pin
from reliakit.core.routes import Header, find
from reliakit.core.scope import NOTHING
from reliakit.core.snapshot import Flags, Snapshot
from reliakit.middleware.cookies import AnonymousCookie, cookie_value, host_key
from reliakit.middleware.overrides import HEADER, Forced, forced_by
from reliakit.middleware.protocol import APP
from reliakit.middleware.visit import ForcedVisit, Visit
from reliakit.runtime.splitting import FALLBACK, FORCED, SPLIT, split

__all__ = ["UNJUDGED", "Edge", "introduce", "no_header"]

_log = logging.getLogger("reliakit")
UNJUDGED = -1
"""The series of requests that no rollout has a stake in."""


class Edge:
    """The edge of one snapshot.

    Args:
        snapshot: what requests are decided by.
        folder: where this host keeps a signing key, for definitions that name none.
        ready: the applications in this process that take requests now.
        reached: the upstreams elsewhere that take requests now, as far as is known.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        folder: Path,
        ready: Container[str],
        reached: Container[str],
        cookie: AnonymousCookie | None = None,
    ) -> None:
        self.snapshot, self._folder, self._ready, self._reached = snapshot, folder, ready, reached
        self.identity = snapshot.identity
        self.cookie = cookie or _cookie(self.identity, folder)
        everybody = all(rollout.match is None for rollout in snapshot.rollouts.values())
        self.by_path = everybody and all(route.plain for route in snapshot.routes)
        """Whether the path alone decides which route a request takes, and whom a rollout is about."""
        self.guarded = frozenset({HEADER} | ({self.identity.header} if self.identity.header else set()))
        """Lower-case names of the headers that only some clients may send."""

    def renewed(self, snapshot: Snapshot) -> "Edge":
        """Returns the edge of another snapshot; what was learned of cookies is kept where keys are the same."""
        same = snapshot.identity == self.identity
        return Edge(snapshot, self._folder, self._ready, self._reached, self.cookie if same else None)

    def visit(
        self, flags: Flags, cookies: str, carried: str | None = None, forced: Forced | None = None
    ) -> Visit:
        """Returns the scope of a request.

        Args:
            flags: what its flag checks are answered by, before its own overrides.
            cookies: its Cookie header.
            carried: the targeting key that a trusted proxy sent.
            forced: its own overrides.
        """
        if forced is not None and forced.flags:
            flags = flags.overridden(_answers(flags, forced))
        if forced is None or not forced.slots:
            return Visit(self.snapshot, flags, self.cookie, cookies, carried)
        visit = ForcedVisit(self.snapshot, flags, self.cookie, cookies, carried)
        visit.forced = forced.slots
        return visit

    def forced(self, value: str) -> Forced | None:
        """Returns what an override header or cookie asks for, if it may."""
        return forced_by(value, self.identity.override_keys, unsigned=self.identity.unsigned_overrides)

    def route(self, method: str, path: str, header: Header, visit: Visit) -> tuple[str, int]:
        """Returns the upstream for a request, and the tally's row for its outcome or UNJUDGED."""
        route = find(self.snapshot.routes, method, path, header)
        if route is None or route.rollout is None:
            return self._able(route.upstream if route else APP), UNJUDGED
        rollout = self.snapshot.rollouts[route.rollout]
        slot = rollout.slot(visit.forced.get(rollout.name, "")) if visit.forced else None
        kind = FORCED
        if slot is None:
            if rollout.match is None or _matches(rollout.match, header, visit):
                slot, kind = split(rollout, visit)
            else:
                slot, kind = rollout.stable, FALLBACK
        if slot.upstream not in self._ready and slot.upstream not in self._reached:
            instead = self._able(rollout.stable.upstream)
            if instead != slot.upstream:
                return instead, rollout.stable.series[FALLBACK]
        if kind == SPLIT:
            visit.routed = slot
        return slot.upstream, slot.series[kind]

    def _able(self, upstream: str | None) -> str:
        """The wrapped application takes what no other can: it is the one that is certainly there. What belongs elsewhere
        is no business of its: there, somebody may answer again, and else nobody does.
        """
        there = upstream is not None and (upstream in self._ready or upstream in self.snapshot.upstreams)
        return upstream if upstream is not None and there else APP


def introduce(visit: Visit, identify: Callable[[Any], Any], request: Any, counters: Counters) -> None:
    """Asks the application's own callable who sent a request; where it fails, nobody is known.

    The request is admitted as ever then: what others forged in it has to be stripped all the same.
    """
    try:
        said = identify(request)
        user, attributes = said if type(said) is tuple else (said, NOTHING)
        visit.identify(key_text(user), dict(attributes) if attributes else NOTHING)
    except Exception:
        _log.exception("the callable that identifies requests failed")
        counters.add(Failed("identify"))


def no_header(name: str) -> None:
    """Stands in where no route asks for a header."""


def _matches(match: Match, header: Header, visit: Visit) -> bool:
    def cookie(name: str) -> str | None:
        return cookie_value(visit.cookies, name)

    return match.carried(header, cookie) and match.holds(visit.known(), visit.attributes)


def _answers(flags: Flags, forced: Forced) -> dict[str, tuple[str | None, object]]:
    found = {key: pin(flags.variants(key), text) for key, text in forced.flags.items()}
    return {key: answer for key, answer in found.items() if answer is not None}


def _cookie(identity: Identity, folder: Path) -> AnonymousCookie:
    keys = identity.cookie_keys or (host_key(folder),)
    return AnonymousCookie(identity.cookie_name, keys, identity.cookie_seconds)
