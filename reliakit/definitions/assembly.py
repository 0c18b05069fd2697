"""Data put together from a stream of events, with the line of every value: what the YAML and JSON readers share."""

from dataclasses import dataclass, field
from typing import Any

from reliakit.definitions.problems import Path, Problem

__all__ = [
    "REFERENCE",
    "Assembly",
    "Node",
    "Place",
    "Refused",
    "Spot",
    "is_text",
    "line_of",
    "too_deep",
    "written_twice",
]

DEEPEST = 64
REFERENCE = "env:"
"""How a text starts that the environment replaces."""

_MOST_EXPANDED = 200_000


class Refused(Exception):
    """Reading can't go on.

    Args:
        problem: why.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))


@dataclass(slots=True, eq=False)
class Place:
    """Where a mapping or list stands, and what is inside.

    A tree beside the data, because a dict by whole paths takes three times the memory and slices no better.
    `refers` says that something inside reads the environment, so that nobody has to look where nothing does.
    """

    line: int
    inside: dict[str | int, "Spot"] = field(default_factory=dict)
    refers: bool = False


Spot = Place | int
"""The place of a mapping or list, or just the line of anything else."""


@dataclass(frozen=True, slots=True)
class Node:
    """A complete value that aliases can repeat: how many values it holds and how deep it goes."""

    value: Any
    spot: Spot
    refers: bool
    size: int
    height: int


@dataclass(slots=True)
class _Frame:
    """A mapping or list that is still open."""

    value: dict[str, Any] | list[Any]
    place: Place
    started: int
    height: int = 0
    key: str | None = None
    key_line: int = 0
    duplicate: bool = False


class Assembly:
    """Builds one document from events; the first of two equal keys is kept and the second reported.

    Args:
        problems: where duplicates are reported.
    """

    def __init__(self, problems: list[Problem]) -> None:
        self._problems = problems
        self._size = 0
        self._texts: dict[str, str] = {}
        self._frames = [_Frame([], Place(1), 0)]

    @property
    def expects_key(self) -> bool:
        """Whether a mapping is open and its next event is a key."""
        frame = self._frames[-1]
        return frame.key is None and isinstance(frame.value, dict)

    @property
    def depth(self) -> int:
        """How many mappings and lists are open."""
        return len(self._frames) - 1

    @property
    def opened(self) -> tuple[str, int]:
        """The bracket and the line of what was opened last."""
        frame = self._frames[-1]
        return ("{" if isinstance(frame.value, dict) else "["), frame.place.line

    def key(self, text: str, line: int) -> None:
        """Takes the key of the value that follows."""
        frame = self._frames[-1]
        text = self._shared(text)
        frame.key, frame.key_line, frame.duplicate = text, line, text in frame.value
        if frame.duplicate:
            self._problems.append(written_twice(self.path(), line_of(frame.place, (text,)), line))

    def scalar(self, value: Any, line: int) -> None:
        """Takes a value that holds no others."""
        self._size += 1
        if isinstance(value, str):
            self._put(self._shared(value), line, value.startswith(REFERENCE))
        else:
            self._put(value, line, False)

    def _shared(self, text: str) -> str:
        """Keeps one of many equal texts: a thousand flags write the same few words."""
        return self._texts.setdefault(text, text)

    def open(self, value: dict[str, Any] | list[Any], line: int) -> None:
        """Starts a mapping or list.

        Raises:
            Refused: it is nested too deeply.
        """
        if self.depth >= DEEPEST:
            raise Refused(too_deep(self.path(), line))
        outer = self._frames[-1]
        self._size += 1
        self._frames.append(_Frame(value, Place(line if outer.key is None else outer.key_line), self._size))

    def close(self) -> Node:
        """Ends what was opened last, and returns it."""
        frame = self._frames.pop()
        outer = self._frames[-1]
        outer.height = max(outer.height, frame.height + 1)
        self._put(frame.value, frame.place, frame.place.refers)
        return Node(
            frame.value, frame.place, frame.place.refers, self._size - frame.started + 1, frame.height + 1
        )

    def repeat(self, node: Node, line: int) -> None:
        """Takes a complete value once more.

        Raises:
            Refused: all repetitions together grow too large or too deep.
        """
        self._size += node.size
        if self._size > _MOST_EXPANDED:
            raise Refused(_too_large(self.path(), line))
        if self.depth + node.height > DEEPEST:
            raise Refused(too_deep(self.path(), line))
        frame = self._frames[-1]
        frame.height = max(frame.height, node.height)
        self._put(node.value, self._moved(node, line), node.refers)

    def finish(self) -> tuple[Any, Place]:
        """Returns the data and where it stands; None for a document without any."""
        root = self._frames[0]
        spot = root.place.inside.get(0, 1)
        values = list(root.value)
        return (values[0] if values else None), (spot if isinstance(spot, Place) else Place(spot))

    def path(self) -> Path:
        """Where the next value goes; in a mapping that awaits a key, the mapping itself."""
        steps = (len(f.value) if isinstance(f.value, list) else f.key for f in self._frames[1:])
        return tuple(step for step in steps if step is not None)

    def _moved(self, node: Node, line: int) -> Spot:
        own_line = line if self._frames[-1].key is None else self._frames[-1].key_line
        if isinstance(node.spot, Place):
            return Place(own_line, node.spot.inside, node.refers)
        return own_line

    def _put(self, value: Any, spot: Spot, refers: bool) -> None:
        frame = self._frames[-1]
        if isinstance(frame.value, list):
            frame.place.inside[len(frame.value)] = spot
            frame.value.append(value)
        elif frame.key is not None and not frame.duplicate:
            frame.place.inside[frame.key] = spot if isinstance(spot, Place) else frame.key_line
            frame.value[frame.key] = value
        frame.key = None
        frame.place.refers |= refers


def line_of(spot: Spot, path: Path) -> int:
    """Returns the line of what `path` leads to, or of the nearest value around it."""
    for step in path:
        if not isinstance(spot, Place) or step not in spot.inside:
            break
        spot = spot.inside[step]
    return spot.line if isinstance(spot, Place) else spot


def is_text(text: str) -> bool:
    """Whether it is Unicode that can be written out again: escapes can smuggle in half a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def too_deep(path: Path, line: int) -> Problem:
    """The problem of a value that is nested too deeply."""
    return Problem(path[:4], f"nested more than {DEEPEST} levels deep", "write it flatter", line=line)


def _too_large(path: Path, line: int) -> Problem:
    message = f"its aliases repeat more than {_MOST_EXPANDED:,} values"
    return Problem(path, message, "write the values out, or use fewer aliases", line=line)


def written_twice(path: Path, first: int, second: int) -> Problem:
    """The problem of a key that has a value already."""
    message = f"written twice, first on line {first} and again on line {second}"
    return Problem(path, message, "keep one of the two", line=second)
