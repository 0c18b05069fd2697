"""Simulates whole fleets: releases under traffic, faults and people, with what has to be true checked at every step.

The workers run the real code of the engine over the store; a seed decides everything else, so that whatever goes
wrong can be seen again: `python -m reliakit.testing.simulation --seed 7 --scenario mayhem --trace`.
"""

from reliakit.testing.simulation.grounds import Ground, InMemory, OnLoop
from reliakit.testing.simulation.scenarios import SCENARIOS, Setting
from reliakit.testing.simulation.simulation import Result, Simulation, simulate
from reliakit.testing.simulation.timed import OnVirtualTime
from reliakit.testing.simulation.watching import Broken

__all__ = [
    "SCENARIOS",
    "Broken",
    "Ground",
    "InMemory",
    "OnLoop",
    "OnVirtualTime",
    "Result",
    "Setting",
    "Simulation",
    "simulate",
]
