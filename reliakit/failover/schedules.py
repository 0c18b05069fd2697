"""Weighted turns, worked out ahead: which member comes when, as evenly as their weights allow.

Member i with weight w wants its turns at (1/2)/w, (3/2)/w, (5/2)/w and so on; whoever wants it earliest has it. That is
Envoy's earliest deadline first, worked out once for a whole cycle instead of with a queue for every request.
"""

from collections.abc import Sequence

__all__ = ["LONGEST", "schedule"]

LONGEST = 2048
"""Turns in a cycle, where the weights need many: enough to tell weights apart that differ by a few percent."""


def schedule(members: Sequence[int], weights: Sequence[float]) -> tuple[int, ...]:
    """Returns one cycle of turns; each member has at least one."""
    turns = _turns(weights)
    owners = [member for member, count in zip(members, turns, strict=True) for _ in range(count)]
    wanted = [(turn + 0.5) / count for count in turns for turn in range(count)]
    return tuple(owners[each] for each in sorted(range(len(owners)), key=wanted.__getitem__))


def _turns(weights: Sequence[float]) -> list[int]:
    least = min(weights)
    ratios = [weight / least for weight in weights]
    exact = [round(ratio) for ratio in ratios]
    if sum(exact) <= LONGEST and all(abs(a - b) < 1e-9 for a, b in zip(ratios, exact, strict=True)):
        return exact
    each = LONGEST / sum(weights)
    return [max(1, round(weight * each)) for weight in weights]
