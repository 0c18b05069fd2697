"""What is wrong with a document, in words that a person can act on."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = ["Path", "Problem", "describe", "did_you_mean", "enumerate_words", "render", "suggestion"]

Path = tuple[str | int, ...]
"""Keys and list indexes, from the top of a document."""

_PLAIN_KEY = re.compile(r"\w[\w-]*")
_LONGEST = 40


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, or (a warning) probably not what was meant.

    Printed as `source:line:column: path: message (hint)`, without the parts that are unknown.

    Args:
        path: where in the document; empty for the document as a whole.
        message: what is wrong.
        hint: what to do about it.
        source: the document's name, usually a file's.
        line: counted from 1.
        column: counted from 1; known for errors of syntax only.
    """

    path: Path
    message: str
    hint: str | None = None
    source: str = ""
    line: int | None = None
    severity: Literal["error", "warning"] = "error"
    column: int | None = None

    def __str__(self) -> str:
        severity = "" if self.severity == "error" else self.severity
        parts = [self._place(), severity, render(self.path), self.message]
        return ": ".join(part for part in parts if part) + (f" ({self.hint})" if self.hint else "")

    def _place(self) -> str:
        name = self.source or ("line" if self.line else "")
        numbers = [str(number) for number in (self.line, self.column) if number is not None]
        return (":" if self.source else " ").join([name, ":".join(numbers)] if numbers else [name])


def render(path: Path) -> str:
    """Returns a path as people write it: `flags.banner.rules[0].if."app version"`."""
    return "".join(_step(step) for step in path).removeprefix(".")


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if _PLAIN_KEY.fullmatch(step) else f".{_quoted(step)}"


def _quoted(text: str) -> str:
    short = text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
    # ascii() and repr() would quote with ' and escape what people can read; only what can't be printed is escaped.
    shown = "".join(
        c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in short
    )
    return f'"{shown}"'


def describe(value: object) -> str:
    """Returns a value in a few words; at most 40 characters of a text, none of what is inside a list or mapping."""
    if isinstance(value, str):
        return _quoted(value)
    if value is None or isinstance(value, bool):
        return {None: "nothing (null)", True: "true", False: "false"}[value]
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, Mapping):
        return "a mapping" if value else "an empty mapping"
    if isinstance(value, Sequence):
        return f"a list of {len(value)} item{'' if len(value) == 1 else 's'}" if value else "an empty list"
    return f"a {type(value).__name__}"


def _number(value: float) -> str:
    # str() refuses an int of more than 4,300 digits.
    if isinstance(value, int) and abs(value) >= 10**_LONGEST:
        return f"a number of more than {_LONGEST} digits"
    return str(value)


def did_you_mean(word: str, candidates: Iterable[str]) -> str | None:
    """Returns the candidate that `word` is most likely a misspelling of, if there is one.

    Source: Ratcliff and Metzener, 1988, Pattern Matching: The Gestalt Approach (difflib's matcher).
    """
    from difflib import get_close_matches

    by_folded = {candidate.casefold().replace("-", "_"): candidate for candidate in candidates}
    close = get_close_matches(word[:200].casefold().replace("-", "_"), by_folded, n=1, cutoff=0.7)
    return by_folded[close[0]] if close else None


def suggestion(word: str, candidates: Iterable[str]) -> str | None:
    """Returns the hint for a misspelt word: `did you mean "x"?`; None where nothing comes near."""
    near = did_you_mean(word, candidates)
    return f"did you mean {describe(near)}?" if near else None


def enumerate_words(words: Sequence[str]) -> str:
    """Returns `a, b or c`."""
    return " or ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
