"""What flags require of each other: flags and variants that must exist, loops that must not."""

from collections.abc import Container, Generator, Iterator, Mapping

from reliakit.definitions.flags import variants_of, wanted_by
from reliakit.definitions.models import Flag
from reliakit.definitions.problems import Path, Problem, describe, suggestion

__all__ = ["loops", "prerequisite_problems"]

_MOST_CHECKS = 100
"""Flags that are asked in turn take time, and depth of the stack, from a request."""


def prerequisite_problems(key: str, flags: Mapping[str, Flag], written: Container[str]) -> Iterator[Problem]:
    """Yields the problems of what one flag requires, but for loops.

    Args:
        key: the flag.
        flags: that can be read.
        written: the keys of all flags; one that can't be read is no unknown flag.
    """
    listed = isinstance(flags[key].prerequisites, tuple)
    for index, (wanted, variant) in enumerate(wanted_by(flags[key])):
        path: Path = ("flags", key, "prerequisites", index if listed else wanted)
        if wanted in flags:
            yield from _variant(path, wanted, variant, flags[wanted])
        elif wanted not in written:
            hint = suggestion(wanted, flags) or f"define it, as in `{wanted}: {{}}`, or take it out here"
            yield Problem(path, f"there is no flag {describe(wanted)}", hint)


def _variant(path: Path, wanted: str, variant: str, flag: Flag) -> Iterator[Problem]:
    names = variants_of(flag)
    if variant not in names:
        hint = (
            suggestion(variant, names) or f"write {{{wanted}: VARIANT}}; its variants are {', '.join(names)}"
        )
        yield Problem(path, f"the flag {describe(wanted)} has no variant {describe(variant)}", hint)


def loops(flags: Mapping[str, Flag]) -> Generator[None, None, list[Problem]]:
    """Finds flags that require themselves in the end: a problem for each flag of a loop. Yields between flags.

    Depth first and without recursion, every flag entered once. Of loops that share flags not all are told, but
    without the flags that are told there is none.
    """
    found: list[Problem] = []
    left: dict[str, int] = {}
    for start in flags:
        trail: dict[str, Iterator[str]] = {}
        wanted: str | None = start
        while wanted is not None:
            yield
            if wanted in trail:
                found += _loop([*trail][[*trail].index(wanted) :])
            elif wanted in flags and wanted not in left:
                trail[wanted] = iter([key for key, _ in wanted_by(flags[wanted])])
            wanted = _next(trail, left, flags)
    return found or [_endless(key) for key, checks in left.items() if checks > _MOST_CHECKS]


def _endless(key: str) -> Problem:
    message = (
        f"one check of this flag would be more than {_MOST_CHECKS}, by what its prerequisites require in turn"
    )
    return Problem(("flags", key, "prerequisites"), message, "require the flags at the far end directly")


def _next(trail: dict[str, Iterator[str]], left: dict[str, int], flags: Mapping[str, Flag]) -> str | None:
    """What the flag at the end of the trail requires next; those with nothing left to look at are left, with the
    number of checks that one of theirs takes.
    """
    while trail:
        key = next(reversed(trail))
        wanted = next(trail[key], None)
        if wanted is not None:
            return wanted
        del trail[key]
        left[key] = 1 + sum(left.get(other, 0) for other, _ in wanted_by(flags[key]))
    return None


def _loop(keys: list[str]) -> Iterator[Problem]:
    for key in keys:
        message = f"prerequisites go round in a circle: {' -> '.join([*keys, keys[0]])}"
        yield Problem(("flags", key, "prerequisites"), message, "take one of them out")
