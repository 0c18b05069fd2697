"""What befalls endpoints: each mishap lasts as long as it is given, and is over then."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from benchmarks.failures.places import Endpoint

__all__ = ["MISHAPS", "Mishap"]

Mishap = Callable[[Sequence[Endpoint], float], Awaitable[None]]
_SLOW = "slow 3"
_TURNS = 3


async def _killed(victims: Sequence[Endpoint], seconds: float) -> None:
    await _each(victims, Endpoint.kill)
    await asyncio.sleep(seconds)
    await _each(victims, Endpoint.start)


async def _paused(victims: Sequence[Endpoint], seconds: float) -> None:
    await _each(victims, Endpoint.pause)
    await asyncio.sleep(seconds)
    await _each(victims, Endpoint.resume)


async def _flapping(victims: Sequence[Endpoint], seconds: float) -> None:
    for _ in range(_TURNS):
        await _killed(victims, seconds / _TURNS / 2)
        await asyncio.sleep(seconds / _TURNS / 2)


def _manner(manner: str) -> Mishap:
    async def behaving(victims: Sequence[Endpoint], seconds: float) -> None:
        await _each(victims, lambda victim: victim.become(manner))
        await asyncio.sleep(seconds)
        await _each(victims, lambda victim: victim.become("well"))

    return behaving


async def _each(victims: Sequence[Endpoint], change: Callable[[Endpoint], None]) -> None:
    """Changes all at once; on threads, since clients have the event loop."""
    await asyncio.gather(*(asyncio.to_thread(change, victim) for victim in victims))


MISHAPS: dict[str, Mishap] = {
    "killed": _killed,
    "stopped (SIGSTOP)": _paused,
    "answers after 3 s": _manner(_SLOW),
    "accepts, never answers": _manner("silent"),
    "connecting hangs": _manner("deaf"),
    "killed and started, 3 times": _flapping,
}
