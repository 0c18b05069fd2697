"""Who is in a share: the same everywhere, for every key, for ever."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reliakit.core.bucketing import SPACE, bucket, key_text, salt, threshold
from tests.core.murmur import murmur3

_GOLDEN = json.loads((Path(__file__).parent / "golden" / "bucketing.json").read_text("utf-8"))
_VECTORS = _GOLDEN["vectors"]

_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=40)
"""Any text that Python can hold, halves of surrogate pairs included."""


def _key(vector: dict[str, Any]) -> Any:
    if vector["type"] == "uuid":
        return UUID(vector["key"])
    return vector["key"] * vector.get("times", 1) if vector["type"] == "text" else vector["key"]


def _name(vector: dict[str, Any]) -> str:
    return ascii((vector["type"], vector["key"], vector["salt"]))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


@pytest.mark.parametrize(
    ("data", "seed", "expected"),
    [
        (b"", 0, 0),
        (b"", 1, 0x514E28B7),
        (b"", 0xFFFFFFFF, 0x81F16F39),
        (b"test", 0, 0xBA6BD213),
        (b"test", 0x9747B28C, 0x704B81DC),
        (b"Hello, world!", 0, 0xC0363E43),
        (b"Hello, world!", 0x9747B28C, 0x24884CBA),
        (b"The quick brown fox jumps over the lazy dog", 0, 0x2E4FF723),
        (b"The quick brown fox jumps over the lazy dog", 0x9747B28C, 0x2FA826CD),
    ],
)
def test_the_second_opinion_is_murmur3_as_published(data, seed, expected):
    """Otherwise the golden vectors could be wrong together with the code, and no other language would agree."""
    assert murmur3(data, seed) == expected


@pytest.mark.parametrize("vector", _VECTORS, ids=_name)
def test_a_key_keeps_its_bucket_over_releases_and_languages(vector):
    """Otherwise an upgrade would move users from one variant to the other."""
    text = key_text(_key(vector))
    assert text is not None
    assert salt(vector["salt"]) == vector["seed"] == murmur3(_bytes(vector["salt"]), 0)
    assert bucket(text, vector["seed"]) == vector["bucket"] == murmur3(_bytes(text), vector["seed"])


@pytest.mark.parametrize("vector", _VECTORS, ids=_name)
def test_a_key_is_in_the_shares_that_the_vectors_say(vector):
    """Otherwise two services that read one percentage would disagree on who gets the feature."""
    inside = [p for p in _GOLDEN["percentages"] if vector["bucket"] < threshold(p)]
    assert inside == [p for p in _GOLDEN["percentages"] if p >= vector["on_from"]]


@given(_TEXT, st.integers(0, SPACE - 1))
def test_any_text_has_the_bucket_that_the_formula_gives(key, seed):
    """Otherwise some users would be decided differently elsewhere, or crash the process."""
    assert bucket(key, seed) == murmur3(_bytes(key), seed)


@given(st.floats(0, 100), st.floats(0, 100), _TEXT)
def test_a_percentage_that_grows_keeps_everyone_it_had(one, other, key):
    """Otherwise raising a percentage would take the feature away from people who have it."""
    smaller, larger = sorted((one, other))
    place = bucket(key, salt("flag"))
    assert place >= threshold(smaller) or place < threshold(larger)


def test_zero_percent_is_nobody_and_hundred_is_everybody():
    """Otherwise turning a flag off by its percentage would leave someone with it."""
    assert threshold(0) == 0
    assert threshold(100) == SPACE


@pytest.mark.parametrize("key", [True, False, None, 4.2, b"42", object(), ["42"], 10**5000], ids=type)
def test_what_is_no_targeting_key_is_refused(key):
    """Otherwise `enabled("x", True)` would decide for a user named True, or raise."""
    assert key_text(key) is None


def test_an_integer_and_its_text_are_the_same_user():
    """Otherwise a service that has the id as a number would see other people than one that has it as text."""
    assert key_text(42) == key_text("42") == "42"


_IN_PROCESS = """
import resource, sys
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
sys.path[:0] = {path!r}
{code}
print("alive")
"""


def _run(code: str) -> subprocess.CompletedProcess[str]:
    script = _IN_PROCESS.format(path=sys.path, code=code)
    return subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=False
    )


def test_half_a_surrogate_pair_does_not_end_the_process():
    """Otherwise anyone who can choose a user name could end a worker with six bytes of JSON."""
    ours = _run(r'from reliakit.core.bucketing import bucket; bucket("\ud800", 1)')
    assert ours.stdout == "alive\n", ours.stderr


def test_the_hash_alone_would_not_survive_it():
    """If this fails, mmh3 has been mended, and keys that are not ASCII need not be encoded by us any more."""
    raw = _run(r'import mmh3; mmh3.hash("\ud800", 1, False)')
    assert raw.returncode != 0
    assert raw.stdout == ""
