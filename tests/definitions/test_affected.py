"""Whoever watches a flag hears of every change that may change its answer."""

import pytest

from reliakit.definitions.affected import affected_flags
from tests.definitions.loaded import definitions

BASE = """
    segments:
      staff: {email: {ends_with: "@example.com"}}
      testers: {any: [{segment: staff}, {not: {segment: [guests]}}]}
      guests: {plan: guest}
    flags:
      a: {percentage: 10}
      b: {rules: [{if: {all: [{segment: [staff, guests]}]}}]}
      c: {prerequisites: {b: on}}
      d: {prerequisites: [c]}
      e: {rules: [{if: {segment: testers}}]}
      f: {rules: [{if: {plan: {in: [staff, guests]}}}]}
"""


@pytest.mark.parametrize(
    ("old", "new", "affected"),
    [
        ("percentage: 10", "percentage: 10", ""),
        ("percentage: 10", "percentage: 20", "a"),
        ("percentage: 10", "owner: growth", "a"),
        ("      a: {percentage: 10}\n", "", "a"),
        ("      a: {percentage: 10}\n", "      a: {percentage: 10}\n      g: {}\n", "g"),
        ("{prerequisites: {b: on}}", "{prerequisites: {b: off}}", "cd"),
        ("@example.com", "@example.org", "bcde"),
        ("plan: guest", "plan: visitor", "bcde"),
        ("not: {segment: [guests]}", "not: {segment: [staff]}", "e"),
    ],
)
def test_a_change_affects_what_leans_on_it_and_nothing_else(old: str, new: str, affected: str) -> None:
    """Otherwise a page shows an answer that is over, or every page asks again after every edit."""
    assert BASE.count(old) == 1
    found = affected_flags(definitions(BASE), definitions(BASE.replace(old, new)))
    assert found == frozenset(affected)
