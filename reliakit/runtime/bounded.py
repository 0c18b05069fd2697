"""Names that callers make up, of which only so many are remembered."""

__all__ = ["OTHER", "Bounded"]

OTHER = "other"
_MOST, _LONGEST = 100, 200


class Bounded:
    """The first names that could be keys, by themselves; all others are one.

    Names that nobody defined may come from anywhere and look like anything, and what is counted by name is never
    forgotten.
    """

    def __init__(self) -> None:
        self._known: set[str] = set()

    def name(self, given: object) -> str:
        """Returns what to count `given` by."""
        if (
            not isinstance(given, str)
            or len(given) > _LONGEST
            or not (given.isascii() and given.isprintable())
        ):
            return OTHER
        if given not in self._known and len(self._known) >= _MOST:
            return OTHER
        self._known.add(given)
        return given
