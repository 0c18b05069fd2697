"""Functions behind a flag."""

import asyncio
import inspect
from pathlib import Path
from typing import Any

import pytest

from reliakit import Reliakit, UsageError
from tests.kit.test_typing import checked
from tests.kit.test_typing_rollouts import pyright

FLAGS = {"flags": {"search": {"percentage": 50}, "on": {}, "off": {"enabled": False}}}


@pytest.fixture
def kit(kit_of) -> Reliakit:
    return kit_of(FLAGS)


def old(query: str, limit: int = 3) -> str:
    return f"old {query} {limit}"


def test_each_call_asks_for_its_own_user(kit) -> None:
    """Otherwise the first caller's answer would stay for everybody."""

    @kit.flag("search", otherwise=old)
    def search(query: str, limit: int = 3) -> str:
        return f"new {query} {limit}"

    for number in range(50):
        user = f"user-{number}"
        with kit.identify(user):
            expected = "new" if kit.enabled("search", user) else "old"
            assert search("q", limit=number) == f"{expected} q {number}"


def test_methods_and_coroutines_keep_their_place(kit) -> None:
    """Otherwise classes and async code would have to write the `if` by hand."""

    class Shop:
        def __init__(self, name: str) -> None:
            self.name = name

        def _plain(self, n: int) -> str:
            return f"{self.name} plain {n}"

        @kit.flag("on", otherwise=_plain)
        def page(self, n: int) -> str:
            return f"{self.name} new {n}"

        @kit.flag("off", otherwise=_plain)
        def gone(self, n: int) -> str:
            return f"{self.name} new {n}"

        @staticmethod
        @kit.flag("off", otherwise=old)
        def search(query: str, limit: int = 3) -> str:
            return "new"

    async def before(n: int) -> str:
        await asyncio.sleep(0)
        return f"before {n}"

    @kit.flag("off", otherwise=before)
    async def after(n: int) -> str:
        return "after"

    assert (Shop("a").page(1), Shop("b").gone(n=2)) == ("a new 1", "b plain 2")
    assert Shop.search("q") == "old q 3"
    assert inspect.iscoroutinefunction(after)
    assert asyncio.run(after(4)) == "before 4"


def test_the_user_may_come_from_the_arguments(kit) -> None:
    """Otherwise a worker's task would be decided for nobody."""

    @kit.flag("search", otherwise=lambda user: False, user=lambda user: user)
    def decided(user: str) -> bool:
        return True

    users = [f"user-{number}" for number in range(50)]
    assert [decided(user) for user in users] == [kit.enabled("search", user) for user in users]
    assert len({decided(user) for user in users}) == 2


def test_without_another_function_nothing_happens(kit) -> None:
    """Otherwise code that has no older form would need an empty function for it."""
    called: list[int] = []
    kit.flag("off")(called.append)(1)
    kit.flag("on")(called.append)(2)
    kit.flag("nowhere", default=True)(called.append)(3)
    assert called == [2, 3]

    @kit.flag("off")
    async def later() -> int:
        return 1

    assert asyncio.run(later()) is None


def test_what_a_framework_reads_of_a_function_stays(kit) -> None:
    """Otherwise FastAPI would not know the parameters of an endpoint behind a flag."""

    def search(query: str, limit: int = 3) -> str:
        """Finds."""
        return ""

    behind = kit.flag("on", otherwise=old)(search)
    assert inspect.signature(behind) == inspect.signature(search)
    assert (behind.__name__, behind.__doc__) == ("search", "Finds.")


async def _async_old(query: str) -> str:
    return ""


@pytest.mark.parametrize(
    ("function", "otherwise", "said"),
    [
        (old, _async_old, "old is not async and _async_old is async"),
        (_async_old, old, "_async_old is async and old is not"),
        (str, None, "a flag goes around a function or method, not <class 'str'>"),
        (7, None, "not 7"),
        (staticmethod(old), None, "put @kit.flag below @staticmethod"),
        (old, classmethod(print), "put @kit.flag below @classmethod"),
    ],
)
def test_what_cannot_work_is_refused_when_it_is_written(
    kit, function: Any, otherwise: Any, said: str
) -> None:
    """Otherwise the first call in production would find out."""
    with pytest.raises(UsageError, match=said):
        kit.flag("on", otherwise=otherwise)(function)


RIGHT = """
def old_search(query: str, *, limit: int = 3) -> list[str]: return []

@kit.flag("x", otherwise=old_search)
def search(query: str, *, limit: int = 3) -> list[str]: return []

a2: list[str] = search("q", limit=2)

async def old_page(n: int) -> str: return ""

@kit.flag("x", otherwise=old_page, default=True)
async def page(n: int) -> str: return ""

async def use_page() -> str: return await page(1)

@kit.flag("x", user=lambda n: "u")
def maybe(n: int) -> str: return ""

b2: str | None = maybe(1)

@kit.flag("x")
async def maybe_later(n: int) -> str: return ""

async def use_maybe() -> str | None: return await maybe_later(1)

class Pages:
    def _old(self, n: int) -> str: return ""

    @kit.flag("x", otherwise=_old)
    def new(self, n: int) -> str: return ""

c2: str = Pages().new(n=1)
"""

WRONG = [
    "search(1)",
    'search("q", 2)',
    'y1: str = search("q")',
    "y2: str = maybe(1)",
    'Pages().new("x")',
    '@kit.flag("x", otherwise=old_search)\ndef w1(query: int, *, limit: int = 3) -> list[str]: return []',
    '@kit.flag("x", otherwise=old_search)\ndef w2(query: str, *, limit: int = 3) -> str: return ""',
    'kit.flag("x", otherwise=1)',
    "kit.flag(True)",
]


def mypy(tmp_path: Path, text: str) -> list[int]:
    return [int(line.split(":")[1]) for line in checked(tmp_path, text)]


@pytest.mark.parametrize("check", [mypy, pyright])
def test_signatures_are_kept_and_held_together(check, tmp_path: Path) -> None:
    """Otherwise a function would lose its types on the day that it is put behind a flag."""
    assert check(tmp_path, RIGHT) == []
    first = min(check(tmp_path, RIGHT + WRONG[0] + "\n"))
    found = check(tmp_path, RIGHT + "\n".join(WRONG) + "\n")
    for call in WRONG:
        lines = range(first, first + call.count("\n") + 1)
        assert any(each in lines for each in found), call
        first = lines.stop
