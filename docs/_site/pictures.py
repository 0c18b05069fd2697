"""Draws the pictures: the three journeys, and the phases of a release from the table that releases move by.

Run as a module it writes `docs/pictures/`; a test holds them against what this draws. A picture brings its colours
along, for those who look at it in a repository; in the built pages it takes those of the theme.
"""

from html import escape
from pathlib import Path

from docs._site.journeys import JOURNEYS, Journey
from docs._site.phases import phases
from docs._site.svg import arrow, box, label, picture

__all__ = ["FOLDER", "drawn"]

FOLDER = Path(__file__).parents[1] / "pictures"


def drawn() -> dict[str, str]:
    """Returns the pictures by their names."""
    return {"phases": phases(), **{name: _journey(journey) for name, journey in JOURNEYS.items()}}


def _journey(journey: Journey) -> str:
    boxes = [box(each.x, each.y, each.title, each.text, each.width, each.kind) for each in journey.boxes]
    arrows = [arrow(each.path, each.dashed) for each in journey.arrows]
    words = [label(each.x, each.y, escape(each.text)) for each in journey.arrows if each.text]
    return picture(journey.title, journey.width, journey.height, [*arrows, *boxes, *words])


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, text in drawn().items():
        (FOLDER / f"{name}.svg").write_text(text)
