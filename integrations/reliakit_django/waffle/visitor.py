"""Who sends a request, as the rules of imported flags ask for it: each attribute is found out when a rule needs it.

Rules stand in the order in which waffle asks. So the database is asked for groups, and a coin is thrown, for the very
requests where waffle does it.
"""

import random
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from reliakit_django.waffle.defaults import setting
from reliakit_django.waffle.naming import COIN, ROLLOUT, SAMPLE, TEST

__all__ = ["Drawn", "Visitor", "draw", "set_flag"]


class Visitor(Mapping[str, Any]):
    """The attributes of one request for one flag.

    Args:
        request: may be None, as in a template that knows of none.
        name: of the flag.
        written: its definition.
        read_only: whether no coin is to be thrown.
    """

    def __init__(self, request: Any, name: str, written: Mapping[str, Any], read_only: bool) -> None:
        self._request, self._name, self._written, self._read_only = request, name, written, read_only
        self._found: dict[str, Any] = {}
        self._asks: dict[str, Callable[[], Any]] = {
            "language": lambda: getattr(request, "LANGUAGE_CODE", None),
            "is_authenticated": lambda: self._said_by_user("is_authenticated"),
            "is_staff": lambda: self._said_by_user("is_staff"),
            "is_superuser": lambda: self._said_by_user("is_superuser"),
            "groups": self._groups,
            TEST + name: self._test,
            COIN + name: self._coin,
        }

    def __getitem__(self, name: str) -> Any:
        # Asked for twice by a rule that could not be told at first: a coin is thrown once.
        if name not in self._found:
            self._found[name] = self._asks[name]()
        found = self._found[name]
        if found is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._asks)

    def __len__(self) -> int:
        return len(self._asks)

    @property
    def key(self) -> str:
        """The targeting key; empty for whoever is not signed in, as all that they share is decided by a coin."""
        return str(getattr(self._user, "pk", None) or "")

    @property
    def _user(self) -> Any:
        return getattr(self._request, "user", None)

    def _said_by_user(self, name: str) -> bool:
        return bool(getattr(self._user, name, False))

    def _groups(self) -> list[str] | None:
        groups = getattr(self._user, "groups", None)
        return None if groups is None else list(groups.all().values_list("name", flat=True))

    def _test(self) -> bool | None:
        """Returns what a tester wants, who is remembered by a cookie."""
        if self._request is None:
            return None
        cookie = setting("TEST_COOKIE") % self._name
        header = cookie.replace("_", "-")
        for place, name in ((self._request.GET, cookie), (self._request.headers, header)):
            if name in place:
                wanted = bool(place[name] == "1")
                _dict_of(self._request, "waffle_tests")[self._name] = wanted
                return wanted
        return self._request.COOKIES[cookie] == "True" if cookie in self._request.COOKIES else None

    def _coin(self) -> bool:
        """Returns on which side the visitor's coin has fallen; it is thrown for those who have none yet."""
        percentage, request, name = self._written.get("percentage"), self._request, self._name
        if not self._user or not percentage:
            return False
        thrown, cookie = _dict_of(request, "waffles"), setting("COOKIE") % name
        if name in thrown:
            return bool(thrown[name][0])
        if cookie not in request.COOKIES and self._read_only:
            return False
        active = request.COOKIES[cookie] == "True" if cookie in request.COOKIES else draw(percentage)
        if not self._read_only:
            set_flag(request, name, active, bool(self._written.get("metadata", {}).get(ROLLOUT)))
        return active


class Drawn(Mapping[str, Any]):
    """The attribute of a sample: drawn anew for each call."""

    def __init__(self, percentage: float) -> None:
        self._percentage = percentage
        self._drawn: bool | None = None

    def __getitem__(self, name: str) -> bool:
        if name != SAMPLE:
            raise KeyError(name)
        if self._drawn is None:
            self._drawn = draw(self._percentage)
        return self._drawn

    def __iter__(self) -> Iterator[str]:
        return iter((SAMPLE,))

    def __len__(self) -> int:
        return 1


def draw(percentage: float) -> bool:
    """Throws a coin, as waffle does: by the module's generator, and in decimals."""
    return Decimal(str(random.uniform(0, 100))) <= Decimal(str(percentage))  # noqa: S311 - nothing secret hangs on it


def set_flag(request: Any, flag_name: str, active: bool | None = True, session_only: bool = False) -> None:
    """Notes for the middleware which cookie a request is to get."""
    _dict_of(request, "waffles")[flag_name] = [active, session_only]


def _dict_of(request: Any, name: str) -> dict[str, Any]:
    if not hasattr(request, name):
        setattr(request, name, {})
    found: dict[str, Any] = getattr(request, name)
    return found
