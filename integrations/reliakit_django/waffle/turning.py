"""Names that start with `!`."""

from collections.abc import Callable

__all__ = ["holds"]


def holds(name: str, is_active: Callable[[str], bool]) -> bool:
    """Tells whether what is named is active, or for `!name` that it is not."""
    return not is_active(name[1:]) if name.startswith("!") else is_active(name)
