"""What the demo shows at a moment, whatever shows it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from reliakit.cli.demo.answers import CANARY, STABLE
from reliakit.cli.demo.figures import Figures

__all__ = ["Display", "View", "flag_rows", "reason_rows", "slot_rows"]


@dataclass(slots=True)
class View:
    """The demo as it runs.

    Attributes:
        elapsed, seconds: of shopping, so far and in all.
        note: what happened last, in a few words.
        problems: of the flags file as a person has left it.
    """

    url: str
    path: Path
    seconds: float
    figures: Figures
    statuses: Mapping[int, Mapping[str, Any]]
    elapsed: float = 0.0
    note: str = ""

    @property
    def problems(self) -> list[str]:
        return sorted({problem for status in self.statuses.values() for problem in status["problems"]})


class Display(Protocol):
    """Shows the view to a person."""

    def update(self, view: View) -> None:
        """Shows the view as it is now; called several times a second."""


def slot_rows(figures: Figures) -> Iterator[tuple[str, ...]]:
    """Yields slot, requests, share, users, error rate, p50 and p95, in words."""
    counted, users = figures.counted, figures.people.slots()
    for slot in (STABLE, CANARY):
        requests = counted.requests[slot]
        yield (
            slot,
            f"{requests:,}",
            _percent(requests, counted.requests.total()),
            str(users.get(slot, 0)),
            _percent(counted.errors[slot], requests),
            f"{figures.quantile(slot, 0.5) * 1000:.1f} ms",
            f"{figures.quantile(slot, 0.95) * 1000:.1f} ms",
        )


def flag_rows(figures: Figures) -> Iterator[tuple[str, str, str, str]]:
    """Yields flag, variant, users and their share, in words."""
    for flag, variants in figures.people.variants().items():
        for variant, users in sorted(variants.items()):
            yield flag, variant, str(users), _percent(users, len(figures.people))


def reason_rows(figures: Figures) -> Iterator[tuple[str, str]]:
    """Yields flag and reason, and evaluations, in words."""
    for name, count in sorted(figures.counted.evaluations.items()):
        yield name, f"{count:,}"


def _percent(part: int, whole: int) -> str:
    return f"{part / whole * 100:.1f} %" if whole else "-"
