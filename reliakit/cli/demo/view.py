"""What the demo shows at a moment, whatever shows it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import log
from pathlib import Path
from typing import Any, Protocol

from reliakit.cli.demo.figures import Figures
from reliakit.cli.demo.watch import Watch
from reliakit.cli.rollout.standing import summary

__all__ = ["Display", "View", "evidence_rows", "flag_rows", "reason_rows", "standing", "version_rows"]

_TESTS = (("rollback", "against it"), ("promotion", "for it"))


@dataclass(slots=True)
class View:
    """The demo as it runs.

    Attributes:
        elapsed: seconds of shopping so far.
        seconds: of shopping in all; None where the story says when it is over.
        problems: of the flags file as a person has left it.
    """

    url: str
    path: Path
    seconds: float | None
    figures: Figures
    watch: Watch
    statuses: Mapping[int, Mapping[str, Any]]
    elapsed: float = 0.0

    @property
    def problems(self) -> list[str]:
        return sorted({problem for status in self.statuses.values() for problem in status["problems"]})


class Display(Protocol):
    """Shows the view to a person."""

    def update(self, view: View) -> None:
        """Shows the view as it is now; called several times a second."""

    def say(self, text: str, colour: str | None = None) -> None:
        """Says once what has happened."""


def standing(view: View) -> str:
    """Returns where the rollout stands, in a line."""
    state = view.watch.state
    return "shop: no release yet" if state is None else f"shop: {summary(state)}"


def evidence_rows(view: View) -> Iterator[tuple[str, str, float]]:
    """Yields what each test of a release under way looks for, E and its threshold in words, and how far it is from 0
    to 1: evidence multiplies, so that the way is measured by logarithms.
    """
    state = view.watch.state
    for test, meaning in _TESTS:
        verdict = view.watch.verdict(test)
        if state is not None and state.active and verdict is not None:
            e, limit = max(verdict.value, 1.0), verdict.threshold
            yield meaning, f"E = {verdict.value:,.3g} of {limit:,.0f}", min(1.0, log(e) / log(limit))


def version_rows(figures: Figures) -> Iterator[tuple[str, ...]]:
    """Yields version and slot, requests, share, users, error rate, p50 and p95, in words."""
    users = figures.people.versions()
    for version, seen in sorted(figures.versions.items()):
        yield (
            f"{version} in {seen.slot}",
            f"{seen.requests:,}",
            _percent(seen.requests, figures.answered),
            str(users.get(version, 0)),
            _percent(seen.errors, seen.requests),
            f"{seen.quantile(0.5) * 1000:.1f} ms",
            f"{seen.quantile(0.95) * 1000:.1f} ms",
        )


def flag_rows(figures: Figures) -> Iterator[tuple[str, str, str, str]]:
    """Yields flag, variant, users and their share, in words."""
    for flag, variants in figures.people.variants().items():
        for variant, users in sorted(variants.items()):
            yield flag, variant, str(users), _percent(users, len(figures.people))


def reason_rows(figures: Figures) -> Iterator[tuple[str, str]]:
    """Yields flag and reason, and evaluations, in words."""
    for name, count in sorted(figures.total().evaluations.items()):
        yield name, f"{count:,}"


def _percent(part: int, whole: int) -> str:
    return f"{part / whole * 100:.1f} %" if whole else "-"
