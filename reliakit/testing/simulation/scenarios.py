"""What may happen to a fleet: each scenario draws a setting from a seed."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from reliakit.testing.simulation.definitions import ladders
from reliakit.testing.simulation.faults import Faults
from reliakit.testing.simulation.traffic import Conditions

__all__ = ["QUALITIES", "SCENARIOS", "Setting"]

QUALITIES: Mapping[str, tuple[float, float]] = {
    "same": (1.0, 1.0),
    "better": (0.5, 1.0),
    "worse": (3.0, 1.0),
    "broken": (30.0, 1.0),
    "flawless": (0.0, 1.0),
    "slower": (1.0, 1.6),
}
"""Errors and durations of a canary, as multiples of stable's."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One fleet and what happens to it. Times are in seconds; of what happens again and again the mean time in between,
    and 0 for never.

    Attributes:
        quality: of the canary, one of QUALITIES.
        ladder: of the definitions.
        workers: how many.
        seconds: until everything works again.
        period: between two beats of a worker.
        conditions: of the traffic.
        faults: between workers and the store.
        crashes, stalls, cuts, outages, jumps, orders: how often workers are killed, frozen, cut off, the store is gone,
            a clock jumps, and people interfere.
        amnesia: when the store loses everything; 0 for never.
        edits: the ladders of later editions of the definitions, which workers read one after the other; an empty one
            takes the first edition back.
        rates: how wrong clocks are, as a share.
        pushes: whether the store tells of changes.
        remembers: whether what a worker has seen last is on its disk.
    """

    quality: str
    ladder: str
    workers: int
    seconds: float
    period: float
    conditions: Conditions
    faults: Faults = field(default_factory=Faults)
    crashes: float = 0.0
    stalls: float = 0.0
    cuts: float = 0.0
    outages: float = 0.0
    jumps: float = 0.0
    orders: float = 0.0
    amnesia: float = 0.0
    edits: tuple[str, ...] = ()
    rates: float = 0.0
    pushes: bool = False
    remembers: bool = True


def _calm(draw: random.Random) -> Setting:
    quality = draw.choice(tuple(QUALITIES))
    times, slower = QUALITIES[quality]
    base = 0.0 if quality == "flawless" else draw.choice((0.005, 0.01, 0.02))
    ladder = draw.choice(ladders())
    begin = draw.uniform(10, 40)
    conditions = Conditions(
        rps=draw.choice((100, 300, 1_000)),
        base=base,
        times=times,
        slower=slower,
        refused=draw.choice(((0.01, 0.01), (0.0, 0.0), (0.01, 0.1))),
        heavy=draw.choice((0, 0, 5)),
        retries=draw.choice((1, 1, 3)),
        swing=draw.choice((0, 0.5)),
        outages=draw.choice(((), (), ((begin, begin + draw.uniform(2, 15)),))),
        previews=20.0 if ladder == "preview" else 0.0,
    )
    return Setting(
        quality=quality,
        ladder=ladder,
        workers=draw.choice((2, 3, 4)),
        seconds=draw.uniform(40, 80),
        period=draw.choice((1.0, 1.0, 2.0)),
        conditions=conditions,
        pushes=draw.random() < 0.5,
        remembers=draw.random() < 0.7,
    )


def _crashes(draw: random.Random) -> Setting:
    return replace(_calm(draw), crashes=draw.uniform(5, 15))


def _stalls(draw: random.Random) -> Setting:
    setting = _calm(draw)
    cuts = draw.choice((0, 60.0))
    return replace(setting, workers=4, seconds=setting.seconds + 130, stalls=draw.uniform(30, 60), cuts=cuts)


def _lossy(draw: random.Random) -> Setting:
    faults = Faults(refused=0.05, unanswered=0.05, late=0.03, twice=0.05, slow=0.05, lag=0.05)
    return replace(_calm(draw), faults=faults, cuts=30.0)


def _stale(draw: random.Random) -> Setting:
    return replace(_calm(draw), faults=Faults(stale=draw.choice((0.1, 0.3)), slow=0.05))


def _outages(draw: random.Random) -> Setting:
    return replace(_calm(draw), outages=draw.uniform(15, 40), crashes=draw.choice((0, 20.0)))


def _amnesia(draw: random.Random) -> Setting:
    faults = Faults(
        refused=draw.choice((0, 0.05)), unanswered=draw.choice((0, 0.05)), slow=draw.choice((0, 0.1))
    )
    return replace(_calm(draw), amnesia=draw.uniform(8, 35), faults=faults)


def _clocks(draw: random.Random) -> Setting:
    return replace(
        _calm(draw), jumps=draw.uniform(8, 25), rates=0.005, edits=draw.choice((("steep",), ("gentle",)))
    )


def _deploys(draw: random.Random) -> Setting:
    setting = _calm(draw)
    edits = draw.choice((("steep",), ("gentle", ""), ("gated",), ("unsticky", "")))
    return replace(setting, seconds=setting.seconds + 60, edits=edits, crashes=draw.choice((0, 20.0)))


def _people(draw: random.Random) -> Setting:
    return replace(_calm(draw), orders=draw.uniform(3, 12), edits=draw.choice(((), ("steep",))))


def _mayhem(draw: random.Random) -> Setting:
    setting = _lossy(draw)
    return replace(
        setting,
        faults=replace(setting.faults, stale=draw.choice((0, 0.1))),
        seconds=setting.seconds + 40,
        crashes=draw.choice((0, 15.0)),
        stalls=draw.choice((0, 30.0)),
        outages=draw.choice((0, 30.0)),
        jumps=draw.choice((0, 20.0)),
        orders=draw.choice((0, 10.0)),
        edits=draw.choice(((), ("steep",), ("gentle", ""))),
        rates=0.005,
    )


SCENARIOS: Mapping[str, Callable[[random.Random], Setting]] = {
    "calm": _calm,
    "crashes": _crashes,
    "stalls": _stalls,
    "lossy": _lossy,
    "stale": _stale,
    "outages": _outages,
    "amnesia": _amnesia,
    "clocks": _clocks,
    "deploys": _deploys,
    "people": _people,
    "mayhem": _mayhem,
}
"""By name."""
