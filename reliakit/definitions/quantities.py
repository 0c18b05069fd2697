"""Durations, ratios and percentages, as people write them: `10m`, `1.4x`, `0.5%`.

A duration without its unit is refused, since nobody can tell whether 30 are seconds or minutes. The others have one
meaning without it, too: 1.4 is 1.4x, and 0.5 is 0.5 %, as everywhere in the file.
"""

import re
from collections.abc import Callable
from typing import Annotated

from msgspec import Meta

from reliakit.definitions.basics import END

__all__ = [
    "Duration",
    "Percent",
    "Ratio",
    "Slowdown",
    "advice",
    "duration_text",
    "percent_text",
    "ratio",
    "seconds",
    "share",
]

_NUMBER = r"[0-9]{1,9}(\.[0-9]{1,9})?"
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}

Duration = Annotated[
    str,
    Meta(
        pattern=rf"^{_NUMBER}(ms|s|m|h|d){END}",
        description="a duration such as 500ms, 30s, 10m, 6h or 30d",
        extra={"quantity": "duration"},
    ),
]

_RATIO = "a ratio such as 1.4x"
Ratio = (
    Annotated[str, Meta(pattern=rf"^{_NUMBER}x{END}", description=_RATIO, extra={"quantity": "ratio"})]
    | Annotated[float, Meta(ge=0, le=999_999_999, description=_RATIO)]
)

_PERCENT = "a percentage such as 0.5%, from 0% to 100%"
Percent = (
    Annotated[
        str,
        Meta(
            pattern=rf"^(100(\.0+)?|[0-9]{{1,2}}(\.[0-9]{{1,9}})?) ?%{END}",
            description=_PERCENT,
            extra={"quantity": "percent"},
        ),
    ]
    | Annotated[float, Meta(ge=0, le=100, description=_PERCENT)]
)

_SLOWDOWN = "a slowdown such as 20%, from 0% to 900%"
Slowdown = (
    Annotated[
        str,
        Meta(
            pattern=rf"^(900(\.0+)?|([1-8][0-9]{{2}}|[0-9]{{1,2}})(\.[0-9]{{1,9}})?) ?%{END}",
            description=_SLOWDOWN,
            extra={"quantity": "slowdown"},
        ),
    ]
    | Annotated[float, Meta(ge=0, le=900, description=_SLOWDOWN)]
)


def seconds(written: str) -> float:
    """Returns the seconds of a valid `Duration`."""
    unit = written.lstrip("0123456789.")
    return float(written.removesuffix(unit)) * _UNITS[unit]


def ratio(written: str | float) -> float:
    """Returns a valid `Ratio` as a number: 1.4 for 1.4x."""
    return float(written.removesuffix("x")) if isinstance(written, str) else float(written)


def share(written: str | float) -> float:
    """Returns a valid `Percent` or `Slowdown` as a number: 0.005 for 0.5%."""
    percent = float(written.rstrip("% ")) if isinstance(written, str) else float(written)
    # Rounded, because 0.1 / 100 is not 0.001.
    return round(percent / 100, 12)


def duration_text(length: float) -> str:
    """Returns seconds as people write them: in the largest unit of which they are a whole number."""
    for unit, size in reversed(_UNITS.items()):
        count = length / size
        if count >= 1 and abs(count - round(count)) < 1e-9:
            return f"{round(count)}{unit}"
    return f"{length:g}s"


def percent_text(part: float) -> str:
    """Returns a share as people write it: 0.5% for 0.005."""
    return f"{part * 100:.6g}%"


def advice(quantity: str, value: object) -> str | None:
    """Returns what somebody probably meant who wrote `value` where a quantity belongs."""
    if isinstance(value, str):
        meant = _MEANT[quantity](re.sub(r"(?<=\d),(?=\d)", ".", value.strip().lower()))
        return f"did you mean {meant}?" if meant else None
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    if quantity == "version":
        return "put it in quotes: without them, 2.10 would be 2.1"
    if quantity == "duration":
        return f"write the unit, as in {value:g}ms, {value:g}s or {value:g}m"
    return None


_PAIR = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)\s*([a-z]+)\.?(?:\s+|,|and)*")
_WORDS = {
    "mil": "ms", "sec": "s", "min": "m", "hr": "h", "hour": "h", "day": "d", "ms": "ms", "s": "s", "m": "m", "h": "h",
    "d": "d",
}  # fmt: skip


def _unit(word: str) -> str | None:
    exact = _WORDS.get(word.rstrip("s") or word)
    return exact or next(
        (unit for name, unit in _WORDS.items() if len(name) > 2 and word.startswith(name)), None
    )


def _duration(text: str) -> str | None:
    pairs = _PAIR.findall(text)
    units = [_unit(word) for _, word in pairs]
    if not pairs or _PAIR.sub("", text) or None in units:
        return None
    if len(pairs) == 1:
        return f"{pairs[0][0]}{units[0]}"
    return duration_text(
        sum(float(number) * _UNITS[str(unit)] for (number, _), unit in zip(pairs, units, strict=True))
    )


def _ratio(text: str) -> str | None:
    if found := re.fullmatch(rf"({_NUMBER})\s*(?:x|\u00d7|times|fold)?", text):
        return f"{found[1]}x"
    if found := re.fullmatch(rf"\+?({_NUMBER})\s*%", text):
        percent = float(found[1])
        return f"{(percent if percent >= 100 else 100 + percent) / 100:g}x"
    return None


def _percent(text: str) -> str | None:
    found = re.fullmatch(rf"({_NUMBER})\s*(?:%|percent|per cent|pct)?", text)
    return f"{found[1]}%" if found and float(found[1]) <= 100 else None


def _slowdown(text: str) -> str | None:
    if found := re.fullmatch(rf"({_NUMBER})\s*(?:x|\u00d7|times)", text):
        return f"{(float(found[1]) - 1) * 100:g}%" if 1 <= float(found[1]) <= 10 else None
    return _percent(text.removeprefix("+"))


_MEANT: dict[str, Callable[[str], str | None]] = {
    "duration": _duration,
    "ratio": _ratio,
    "percent": _percent,
    "slowdown": _slowdown,
    "version": lambda text: None,
}
