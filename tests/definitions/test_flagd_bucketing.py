"""Vectors of both generations of flagd's bucketing, written down from flagd's own evaluators: nobody is moved."""

import json
from math import inf, nan
from pathlib import Path
from typing import Any

import pytest

from reliakit.core.jsonlogic.cbor import encoded
from reliakit.core.jsonlogic.work import STEPS
from tests.definitions.flagd_reference import Ours

FOLDER = Path(__file__).parent / "golden" / "flagd"


@pytest.mark.parametrize("generation", [1, 2])
def test_everybody_stays_in_the_bucket_where_flagd_has_put_them(generation):
    vectors = json.loads((FOLDER / f"generation_{generation}.json").read_text())
    assert vectors["document"]["bucketing"] == generation
    flags = Ours(vectors["document"])
    for key, user, context, *expected in vectors["cases"]:
        found = flags.ask(key, "caller", user, context)
        assert [found.variant, found.reason, found.error] == expected, (key, user, context)


def test_the_generations_differ_and_the_first_is_the_default():
    """Who names no generation keeps today's buckets."""
    first, second = (
        json.loads((FOLDER / f"generation_{generation}.json").read_text()) for generation in (1, 2)
    )
    assert first["cases"] != second["cases"]
    unnamed = {key: value for key, value in first["document"].items() if key not in ("bucketing", "format")}
    flags = Ours(unnamed)
    for key, user, context, variant, *_ in first["cases"]:
        assert flags.ask(key, "caller", user, context).variant == variant


# RFC 8949, appendix A; whole floats are integers to flagd.
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "00"), (23, "17"), (24, "1818"), (1000, "1903e8"), (1000000, "1a000f4240"),
        (1000000000000, "1b000000e8d4a51000"), (2**64 - 1, "1bffffffffffffffff"), (2**64, "c249010000000000000000"),
        (-(2**64), "3bffffffffffffffff"), (-(2**64) - 1, "c349010000000000000000"), (-1, "20"), (-1000, "3903e7"),
        (1.1, "fb3ff199999999999a"), (1.5, "f93e00"), (65504.0, "19ffe0"), (100000.5, "fa47c35040"),
        (3.4028234663852886e38, "fa7f7fffff"), (1e300, "fb7e37e43c8800759c"), (5.960464477539063e-8, "f90001"),
        (inf, "f97c00"), (-inf, "f9fc00"), (nan, "f97e00"), (-0.0, "00"), (False, "f4"), (True, "f5"), (None, "f6"),
        ("", "60"), ("ü", "62c3bc"), ("😀", "64f09f9880"), ([], "80"), ([1, [2, 3]], "8201820203"),
        ({}, "a0"), ({"aa": 1, "b": [2]}, "a26162810262616101"),
    ],
)  # fmt: skip
def test_a_value_has_the_bytes_that_other_languages_hash(value: Any, expected: str):
    assert encoded(value, [STEPS]).hex() == expected


@pytest.mark.parametrize("value", [object(), "\ud800", {"a": {1, 2}}, {"a": b""}])
def test_what_no_other_language_could_hash_is_in_no_bucket(value: Any):
    document = {"flags": {"f": {
        "state": "ENABLED", "variants": {"a": "a", "b": "b"}, "defaultVariant": "b",
        "targeting": {"fractional": [{"var": "value"}, ["a", 100]]},
    }}, "bucketing": 2}  # fmt: skip
    found = Ours(document).ask("f", "caller", "user-1", {"value": value})
    assert (found.variant, found.reason) == ("b", "DEFAULT")
