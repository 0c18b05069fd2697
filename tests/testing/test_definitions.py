"""Definitions that a test writes in Python."""

import unittest
from typing import Any

import pytest

from reliakit import Reliakit
from reliakit.testing import FlagsMixin, definitions


def test_flags_by_name(kit_of) -> None:
    """Otherwise a test would have to know the whole format to switch one flag."""
    kit = kit_of(definitions(on=True, off=False, banner="#f60", limit=3, names=["a"]))
    assert (kit.enabled("on"), kit.enabled("off", default=True)) == (True, False)
    assert kit.value("banner", "") == "#f60"
    assert kit.value("limit", 0) == 3
    assert kit.value("names", []) == ["a"]
    assert not kit.status().problems


def test_everything_else_as_in_a_file(kit_of) -> None:
    """Otherwise a test of a percentage, a rule or a rollout would need a file after all."""
    document = (
        definitions()
        .segment("staff", {"email": {"ends_with": "@example.com"}})
        .flag("new-checkout", percentage=50)
        .flag("inside", rules=[{"if": {"segment": "staff"}}])
        .rollout("pricing", weight=50)
        .upstream("shop-v2")
        .rollout(
            "shop", slots={"blue": {"upstream": "app"}, "green": {"upstream": "shop-v2"}}, initial="blue"
        )
        .route(path_prefix="/shop", rollout="shop")
        .route(path_prefix="/", upstream="app")
    )
    kit: Reliakit = kit_of(document)
    assert {kit.enabled("new-checkout", f"user-{number}") for number in range(40)} == {True, False}
    assert kit.enabled("inside", "ann", context={"email": "ann@example.com"})

    @kit.rollout("pricing", user=lambda user: user)
    def price(user: str) -> int:
        return 1

    @price.canary
    def price_v2(user: str) -> int:
        return 2

    assert {price(f"user-{number}") for number in range(40)} == {1, 2}
    assert len(document["routes"]) == 2


@pytest.fixture
def case(kit_of) -> Any:
    class Case(FlagsMixin, unittest.TestCase):
        kit = kit_of(definitions(new=False, banner="plain"))
        flags = {"new": True}  # noqa: RUF012 - as users will write it

        def test_both(self) -> None:
            assert self.kit.enabled("new")
            self.set_flags(new=False)
            self.set_flags({"banner": "loud"})
            assert not self.kit.enabled("new")
            assert self.kit.value("banner", "") == "loud"

    return Case


def test_test_cases_pin_flags_and_let_go_of_them(case) -> None:
    """Otherwise the flags of one test would decide the next."""
    for _ in range(2):
        result = unittest.TestResult()
        case("test_both").run(result)
        assert result.wasSuccessful(), result.failures + result.errors
        assert not case.kit.enabled("new")
        assert case.kit.value("banner", "") == "plain"


def test_async_test_cases_too(kit_of) -> None:
    """Otherwise tests of async code would have to do it by hand."""

    class Case(FlagsMixin, unittest.IsolatedAsyncioTestCase):
        kit = kit_of(definitions(new=False))
        flags = {"new": True}  # noqa: RUF012 - as users will write it

        async def test_one(self) -> None:
            assert self.kit.enabled("new")

    result = unittest.TestResult()
    Case("test_one").run(result)
    assert result.wasSuccessful(), result.failures + result.errors
    assert not Case.kit.enabled("new")
