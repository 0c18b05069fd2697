"""Durations, ratios and percentages as people write them."""

import re
from typing import Any

import pytest

from reliakit.definitions.quantities import (
    Duration,
    Percent,
    Ratio,
    Slowdown,
    duration_text,
    percent_text,
    ratio,
    seconds,
    share,
)
from reliakit.definitions.validation import convert


def _told(value: Any, kind: Any) -> str:
    _, problems = convert(value, kind)
    assert len(problems) == 1
    return str(problems[0])


def _hint(value: Any, kind: Any) -> str | None:
    found = re.search(r" \((.*)\)$", _told(value, kind))
    return found[1] if found else None


@pytest.mark.parametrize(
    ("written", "length"),
    [
        ("500ms", 0.5),
        ("30s", 30),
        ("10m", 600),
        ("1.5h", 5_400),
        ("6h", 21_600),
        ("30d", 2_592_000),
        ("0s", 0),
    ],
)
def test_a_duration_is_read_in_its_unit(written: str, length: float) -> None:
    """Otherwise a release bakes for minutes where somebody wrote hours."""
    assert convert(written, Duration)[1] == []
    assert seconds(written) == length


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        (30, "write the unit, as in 30ms, 30s or 30m"),
        (0.5, "write the unit, as in 0.5ms, 0.5s or 0.5m"),
        ("10 min", "did you mean 10m?"),
        ("10min", "did you mean 10m?"),
        ("24 hours", "did you mean 24h?"),
        ("5M", "did you mean 5m?"),
        ("1 hr", "did you mean 1h?"),
        ("2 days", "did you mean 2d?"),
        ("1h30m", "did you mean 90m?"),
        ("1 hour and 1 second", "did you mean 3601s?"),
        ("1,5h", "did you mean 1.5h?"),
        ("200 milliseconds", "did you mean 200ms?"),
        ("2 seconds", "did you mean 2s?"),
        ("soon", None),
        ("5 fortnights", None),
        ("-5m", None),
        (True, None),
        ("10", None),
    ],
)
def test_what_is_nearly_a_duration_is_told_how_it_is_written(written: Any, hint: str | None) -> None:
    """Otherwise people have to look up how minutes are spelt."""
    assert _hint(written, Duration) == hint


@pytest.mark.parametrize(
    ("written", "times"), [("1.4x", 1.4), (1.4, 1.4), (2, 2.0), ("2x", 2.0), ("0x", 0.0)]
)
def test_a_ratio_needs_no_sign(written: str | float, times: float) -> None:
    """Otherwise `tolerate: 1.4` is refused, though it can only mean one thing."""
    assert convert(written, Ratio)[1] == []
    assert ratio(written) == times


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("1.4 x", "did you mean 1.4x?"),
        ("1,4x", "did you mean 1.4x?"),
        ("1.4", "did you mean 1.4x?"),
        ("2 times", "did you mean 2x?"),
        ("2\u00d7", "did you mean 2x?"),
        ("140%", "did you mean 1.4x?"),
        ("40%", "did you mean 1.4x?"),
        ("twice", None),
        (-1, None),
        (float("inf"), None),
    ],
)
def test_what_is_nearly_a_ratio_is_told_how_it_is_written(written: Any, hint: str | None) -> None:
    """Otherwise people guess between 40 %, 140 % and 1.4."""
    assert _hint(written, Ratio) == hint


@pytest.mark.parametrize(
    ("written", "part"),
    [
        ("0.5%", 0.005),
        ("0.5 %", 0.005),
        (0.5, 0.005),
        (5, 0.05),
        ("99.9%", 0.999),
        ("100.0%", 1.0),
        ("0.1%", 0.001),
    ],
)
def test_a_percentage_needs_no_sign(written: str | float, part: float) -> None:
    """Otherwise 0.5 means half a per cent in one line and a half in another."""
    assert convert(written, Percent)[1] == []
    assert share(written) == part


@pytest.mark.parametrize(
    ("written", "kind", "hint"),
    [
        ("0,5%", Percent, "did you mean 0.5%?"),
        ("5 percent", Percent, "did you mean 5%?"),
        ("5", Percent, "did you mean 5%?"),
        ("150%", Percent, None),
        (101, Percent, None),
        ("half", Percent, None),
        ("1.2x", Slowdown, "did you mean 20%?"),
        ("+20%", Slowdown, "did you mean 20%?"),
        ("0.5x", Slowdown, None),
        ("901%", Slowdown, None),
    ],
)
def test_what_is_nearly_a_percentage_is_told_how_it_is_written(
    written: Any, kind: Any, hint: str | None
) -> None:
    """Otherwise a comma or a missing sign costs a look into the manual."""
    assert _hint(written, kind) == hint


@pytest.mark.parametrize("written", ["0%", "20%", "150%", "899.5 %", "900%", 900, 0])
def test_a_slowdown_may_be_more_than_100_percent(written: str | float) -> None:
    """Otherwise nobody can tolerate a release that takes twice as long."""
    assert convert(written, Slowdown)[1] == []


def test_quantities_are_told_as_people_write_them() -> None:
    """Otherwise a message says 86400 where the file says 1d."""
    lengths = [0.0, 0.25, 1.0, 90.0, 5_400.0, 86_400.0, 0.0001]
    assert [duration_text(length) for length in lengths] == [
        "0s",
        "250ms",
        "1s",
        "90s",
        "90m",
        "1d",
        "0.0001s",
    ]
    assert [percent_text(part) for part in (0.005, 0.2, 1 / 3)] == ["0.5%", "20%", "33.3333%"]
