"""Versions are ordered as semver.org has it, and ranges hold what people expect of them."""

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reliakit.core.semver import parse, satisfies
from tests import reference

_PRECEDENCE = [
    "0.0.0-0",
    "0.0.0",
    "0.0.4",
    "0.9.9",
    "1.0.0-0A.is.legal",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "2.0.0",
    "2.1.0",
    "2.1.1",
    "2.10.0",
    "10.2.3",
    "99999999999999999999999.999999999999999999.99999999999999999",
]
"""Section 11 of the specification, and versions from its test suite, in their order."""

_INVALID = [
    *(
        "",
        " ",
        "a",
        "1.",
        "1.2.",
        ".1",
        "01.1.1",
        "1.01.1",
        "1.1.01",
        "1.2.3.4",
        "1.2.3-",
        "1.2.3-01",
        "1.2.3-a..b",
    ),
    *(
        "1.2.3+",
        "1.2.3+a..b",
        "1.2.3-é",
        "1.2.3-a_b",
        "1.2.3 ",
        " 1.2.3",
        "1.2.3\n",
        "-1.0.0",
        "+1",
        "1.2.x",
        "vv1",
    ),
    *("1.2.3+a+b", "٣.1.1", "1" * 300, "1.2.3-" + "a" * 300),
]
_VALID_SPELLINGS = [
    ("1", "1.0.0"),
    ("1.2", "1.2.0"),
    ("v1.2.3", "1.2.3"),
    ("1.2.3+build.01", "1.2.3"),
    ("1-rc", "1.0.0-rc"),
]

_RANGES = [
    ("^1.2.3", ["1.2.3", "1.9.0", "1.2.4-rc.1"], ["1.2.2", "1.2.3-rc.1", "2.0.0", "2.0.0-rc.1"]),
    ("^0.2.3", ["0.2.3", "0.2.9"], ["0.3.0", "0.3.0-0", "0.2.2", "1.0.0"]),
    ("^0.0.3", ["0.0.3", "0.0.3+b"], ["0.0.4", "0.0.2", "0.0.4-0"]),
    ("^0.0", ["0.0.0", "0.0.9"], ["0.1.0"]),
    ("^0", ["0.0.1", "0.9.9"], ["1.0.0", "1.0.0-a"]),
    ("^1", ["1.0.0", "1.99.0"], ["0.9.9", "2.0.0"]),
    ("^1.2.3-beta.2", ["1.2.3-beta.2", "1.2.3-rc", "1.2.3"], ["1.2.3-beta.1", "2.0.0"]),
    ("~1.2.3", ["1.2.3", "1.2.99"], ["1.3.0", "1.3.0-0", "1.2.2"]),
    ("~1.2", ["1.2.0", "1.2.9"], ["1.3.0", "1.1.9"]),
    ("~1", ["1.0.0", "1.9.0"], ["2.0.0", "0.9.0"]),
    (">=2.3.0", ["2.3.0", "2.10.0", "3"], ["2.2.9", "2.3.0-rc.1"]),
    (">2.3.0", ["2.3.1"], ["2.3.0", "2.3.0+later"]),
    ("<3", ["2.9.9", "3.0.0-rc.1"], ["3", "3.0.0", "3.0.1"]),
    ("<=3", ["3.0.0"], ["3.0.1"]),
    ("1.2.3", ["1.2.3", "v1.2.3", "1.2.3+x"], ["1.2.4", "1.2.3-a"]),
    ("=1.2", ["1.2.0"], ["1.2.1"]),
    ("!=1.2.3", ["1.2.4", "1.2.3-rc"], ["1.2.3"]),
    (">=2.3.0 <3", ["2.3.0", "2.99.0"], ["3.0.0", "2.2.0"]),
    (">= 2.3.0, < 3,", ["2.3.0"], ["3.0.0"]),
    ("  >=1   !=1.5.0 ", ["1.5.1"], ["1.5.0"]),
]


@pytest.mark.parametrize(("lower", "higher"), list(pairwise(_PRECEDENCE)))
def test_precedence_is_that_of_the_specification(lower, higher):
    """Otherwise 2.10 counts as older than 2.9, and rc.1 as newer than the release."""
    assert parse(lower) < parse(higher)
    assert reference.precedence(reference.version(lower), reference.version(higher)) == -1


@pytest.mark.parametrize(("short", "long"), _VALID_SPELLINGS)
def test_spellings_of_one_version_are_equal(short, long):
    """Otherwise `app_version: 2.3` of a mobile client falls out of `>=2.3.0`."""
    assert parse(short) == parse(long)


@pytest.mark.parametrize("text", _INVALID, ids=lambda text: ascii(text[:12]))
def test_what_is_no_version_is_refused(text):
    """Otherwise `latest` or `1.2.x` would be compared as if it meant something."""
    with pytest.raises(ValueError):  # noqa: PT011 - the message is for the author of a range, tested with definitions
        parse(text)
    with pytest.raises(ValueError):  # noqa: PT011
        reference.version(text)


@pytest.mark.parametrize("value", [None, 2.1, 2, b"2.1.0", ["2.1.0"]])
def test_what_is_no_text_is_refused(value):
    """Otherwise the float 2.10 would be taken for version 2.1."""
    with pytest.raises(TypeError):
        parse(value)


@pytest.mark.parametrize(("written", "inside", "outside"), _RANGES)
def test_ranges_hold_what_people_expect(written, inside, outside):
    """Otherwise a rule for one range of client versions reaches others."""
    holds = satisfies(written)
    assert [text for text in inside if not holds(text)] == []
    assert [text for text in outside if holds(text)] == []


@pytest.mark.parametrize(
    "written", ["", "  ", ",", ">=", "latest", ">=1 || <0.5", "=>1", "1.2.x", "^^1", ">=1 - 2", "*"]
)
def test_a_range_that_cannot_be_read_is_refused(written):
    """Otherwise a slip in a range is found when it has let the wrong people in."""
    with pytest.raises(ValueError):  # noqa: PT011
        satisfies(written)


_number = st.integers(0, 3) | st.integers(0, 10**12)
_identifier = st.sampled_from(["0", "1", "2", "11", "alpha", "beta", "rc", "0a", "-", "--1", "A", "a-b"])


@st.composite
def _versions(draw: st.DrawFn) -> str:
    core = ".".join(map(str, draw(st.lists(_number, min_size=1, max_size=3))))
    pre = draw(st.lists(_identifier, max_size=3))
    build = draw(st.sampled_from(["", "+b", "+1.2.3", "+a-b.01"]))
    return core + ("-" + ".".join(pre) if pre else "") + build


@given(_versions(), _versions())
def test_any_two_versions_compare_as_a_slow_reading_of_the_specification_does(one, other):
    """Otherwise some pair of versions, met only in the field, is taken the wrong way round."""
    left, right = parse(one), parse(other)
    assert (left > right) - (left < right) == reference.precedence(
        reference.version(one), reference.version(other)
    )


_comparators = st.lists(
    st.builds(str.__add__, st.sampled_from(["", "=", "!=", "<", "<=", ">", ">=", "^", "~"]), _versions()),
    min_size=1,
    max_size=3,
)


@given(_versions(), _comparators, st.sampled_from([" ", ", ", ","]))
@example("1.0.0", ["^0+a.b"], " ")
def test_any_range_holds_what_a_slow_comparison_says(text, comparators, separator):
    """Otherwise a rule with several comparators lets in what one of them leaves out."""
    written = separator.join(comparators)
    assert satisfies(written)(text) == reference.satisfies(text, written)
