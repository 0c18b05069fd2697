"""For templates without tags: `{% if flags.new_checkout %}`."""

from typing import Any

from django.http import HttpRequest

from reliakit_django.flags import RequestFlags, flags_of

__all__ = ["flags"]


class _Flags:
    """Asks when a template does; not to be iterated over, as Django's `perms`."""

    def __init__(self, asked: RequestFlags) -> None:
        self._asked = asked

    def __getitem__(self, key: str) -> bool:
        return self._asked.enabled(key)

    def __iter__(self) -> Any:
        raise TypeError("the flags of a request are checked one by one")


def flags(request: HttpRequest) -> dict[str, Any]:
    """Gives templates `flags`, which has every flag by its key, on or off for whoever asks."""
    return {"flags": _Flags(flags_of(request))}
