"""Where the boxes and arrows of the three journeys stand."""

from dataclasses import dataclass

__all__ = ["JOURNEYS", "Arrow", "Box", "Journey"]


@dataclass(frozen=True, slots=True)
class Box:
    """A box around its centre; `|` divides the lines of its text."""

    x: int
    y: int
    title: str
    text: str = ""
    width: int = 150
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Arrow:
    """A line along a path of SVG, and words beside it."""

    path: str
    text: str = ""
    x: int = 0
    y: int = 0
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Journey:
    """A picture."""

    title: str
    width: int
    height: int
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


JOURNEYS = {
    "request": Journey(
        "A request: server, shell, route, your application, tally",
        800,
        250,
        (
            Box(75, 60, "Server", "uvicorn, gunicorn …", 140),
            Box(255, 60, "Shell", "who is asking?|pins the snapshot", 160),
            Box(445, 60, "Route", "slot by bucket", 150),
            Box(690, 60, "Stable version", "your application", 180, "good"),
            Box(690, 150, "Canary", "the new version", 180),
            Box(445, 205, "Tally", "counts of this process", 170),
            Box(160, 205, "Flag checks", "same snapshot, same user", 200),
        ),
        (
            Arrow("M145 60H173"),
            Arrow("M335 60H368"),
            Arrow("M520 60H598", "95 %", 560, 52),
            Arrow("M520 72C560 80 570 145 598 148", "5 %", 540, 124),
            Arrow("M690 177V200H532"),
            Arrow("M780 60H793V222H532", "outcome and duration", 660, 238),
            Arrow("M255 95V178", dashed=True),
        ),
    ),
    "change": Journey(
        "A change: source, check, compile and swap, journal",
        800,
        220,
        (
            Box(95, 60, "Source", "a file, HTTP, Redis,|PostgreSQL", 170),
            Box(305, 60, "Check", "all problems at once,|with file and line", 170),
            Box(510, 60, "Compile", "a new snapshot", 150),
            Box(705, 60, "Swap", "one reference", 150, "good"),
            Box(305, 175, "What was good stays", "log, metric, status", 190, "bad"),
            Box(510, 175, "Last good copy", "on local disk", 150),
            Box(705, 175, "Journal", "what changed, per flag", 170),
        ),
        (
            Arrow("M180 60H218", "", 0, 0),
            Arrow("M390 60H433", "good", 411, 52),
            Arrow("M585 60H628"),
            Arrow("M305 95V146", "a problem", 340, 125),
            Arrow("M510 87V146", dashed=True),
            Arrow("M705 87V146"),
        ),
    ),
    "outcome": Journey(
        "An outcome: tallies, store, decision, new weights",
        800,
        270,
        (
            Box(110, 60, "Worker", "tally: totals so far", 170),
            Box(110, 140, "Worker", "tally: totals so far", 170),
            Box(110, 220, "Worker", "tally: totals so far", 170),
            Box(395, 140, "Store", "summed totals, state,|journal", 180),
            Box(680, 60, "Decide", "one worker, any of them:|promote, hold, roll back", 200),
            Box(680, 220, "New state", "weights, phase, evidence", 200, "good"),
        ),
        (
            Arrow("M195 55C250 60 270 115 303 125", "once a second", 306, 84),
            Arrow("M195 135H303"),
            Arrow("M195 215C250 210 270 170 303 158"),
            Arrow("M486 125C520 110 540 75 578 66", "what is new", 486, 88),
            Arrow("M680 95V191", "all or nothing", 728, 148),
            Arrow("M580 214C540 205 520 170 487 158", "state and journal", 486, 206),
            Arrow("M395 175V247H197", "every worker hears of it", 300, 262, dashed=True),
        ),
    ),
}
