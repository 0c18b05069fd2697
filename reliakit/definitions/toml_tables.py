"""Which tables and keys of TOML may follow which.

Source: TOML 1.0.0, sections Keys, Table, Inline Table and Array of Tables (every key and table is defined once).
"""

from datetime import date, datetime, time
from typing import Any

from reliakit.definitions.assembly import (
    DEEPEST,
    REFERENCE,
    Place,
    Refused,
    Spot,
    line_of,
    too_deep,
    written_twice,
)
from reliakit.definitions.problems import Path, Problem

__all__ = ["Tables"]

Keys = tuple[str, ...]
Table = tuple[dict[str, Any], Place]


class _Conflict(Exception):
    """A key is in the way of what a statement defines."""

    def __init__(self, depth: int, first: int) -> None:
        self.depth, self.first = depth, first
        super().__init__()


class Tables:
    """Builds a document from its statements; the first of two conflicting ones is kept and the other reported.

    Args:
        problems: where conflicts are reported.
    """

    def __init__(self, problems: list[Problem]) -> None:
        self.data: dict[str, Any] = {}
        self.place = Place(1, refers=True)
        self._problems = problems
        self._header: Keys = ()
        self._current: Table = (self.data, self.place)
        # Places that a header may not define again, and that nothing may extend.
        self._defined: set[Place] = set()
        self._complete: set[Place] = set()
        self._dotted: list[Place] = []

    def table(self, keys: Keys, line: int) -> None:
        """Takes a header `[keys]`."""
        self._begin(keys, line)
        try:
            data, place = self._reach((self.data, self.place), keys, line)
            if place in self._defined or self._is_list(keys):
                raise _Conflict(len(keys), place.line)
        except _Conflict as conflict:
            self._aside(keys, conflict, line)
            return
        self._defined.add(place)
        place.line = line
        self._current = data, place

    def array(self, keys: Keys, line: int) -> None:
        """Takes a header `[[keys]]`."""
        self._begin(keys, line)
        try:
            data, place = self._reach((self.data, self.place), keys[:-1], line)
            items = data.setdefault(keys[-1], [])
            where = place.inside.setdefault(keys[-1], Place(line, refers=True))
            if not isinstance(items, list) or not isinstance(where, Place) or where in self._complete:
                raise _Conflict(len(keys), line_of(where, ()))
        except _Conflict as conflict:
            self._aside(keys, conflict, line)
            return
        item = Place(line, refers=True)
        where.inside[len(items)] = item
        items.append({})
        self._current = items[-1], item

    def set(self, keys: Keys, value: Any, line: int) -> None:
        """Takes `keys = value` under the header before it."""
        depth = len(self._header) + len(keys)
        self._not_too_deep(depth, line)
        value, spot = self._plain(value, line, depth)
        try:
            data, place = self._reach(self._current, keys[:-1], line, dotted=True)
            if keys[-1] in data:
                raise _Conflict(len(keys), line_of(place, keys[-1:]))
        except _Conflict as conflict:
            self._report((*self._header, *keys[: conflict.depth]), conflict.first, line)
            return
        data[keys[-1]] = value
        place.inside[keys[-1]] = spot

    def _begin(self, keys: Keys, line: int) -> None:
        self._not_too_deep(len(keys) + 1, line)
        # Dotted keys may go on extending the tables that they made until the next header.
        self._defined.update(self._dotted)
        self._dotted.clear()
        self._header = keys

    def _aside(self, keys: Keys, conflict: _Conflict, line: int) -> None:
        self._report(keys[: conflict.depth], conflict.first, line)
        self._current = {}, Place(line)

    def _report(self, path: Path, first: int, line: int) -> None:
        self._problems.append(written_twice(path, first, line))

    def _reach(self, table: Table, keys: Keys, line: int, dotted: bool = False) -> Table:
        """Returns the table at a path, made where there is none; an array of tables stands for its last one."""
        for depth, key in enumerate(keys, 1):
            data, place = table
            if key not in data:
                data[key], place.inside[key] = {}, Place(line, refers=True)
            table = self._enter(data[key], place.inside[key], depth)
            if dotted:
                self._continue(table[1], depth)
        return table

    def _continue(self, place: Place, depth: int) -> None:
        if place in self._defined:
            raise _Conflict(depth, place.line)
        self._dotted.append(place)

    def _enter(self, value: Any, spot: Spot, depth: int) -> Table:
        if isinstance(spot, Place) and spot not in self._complete:
            if isinstance(value, dict):
                return value, spot
            last = spot.inside[len(value) - 1]
            assert isinstance(last, Place)
            return value[-1], last
        raise _Conflict(depth, line_of(spot, ()))

    def _not_too_deep(self, levels: int, line: int) -> None:
        if levels > DEEPEST:
            raise Refused(too_deep(self._header, line))

    def _is_list(self, keys: Keys) -> bool:
        data: Any = self.data
        for key in keys:
            data = data[-1] if isinstance(data, list) else data
            data = data[key]
        return isinstance(data, list)

    def _plain(self, value: Any, line: int, depth: int) -> tuple[Any, Spot]:
        """A value as all formats have it (dates are text), complete in the sense that nothing extends it."""
        if not isinstance(value, dict | list):
            return (value.isoformat() if isinstance(value, date | datetime | time) else value), line
        self._not_too_deep(depth + 1, line)
        place = Place(line)
        self._complete.add(place)
        if isinstance(value, dict):
            return {key: self._inside(place, key, item, depth) for key, item in value.items()}, place
        return [self._inside(place, index, item, depth) for index, item in enumerate(value)], place

    def _inside(self, place: Place, step: str | int, value: Any, depth: int) -> Any:
        plain, spot = self._plain(value, place.line, depth + 1)
        refers = spot.refers if isinstance(spot, Place) else str(plain).startswith(REFERENCE)
        place.inside[step], place.refers = spot, place.refers or refers
        return plain
