"""Whoever carries a signed override sees the version that nobody else gets yet."""

from typing import Any

import pytest

from reliakit.core.rollouts import Split
from reliakit.middleware.overrides import Forced, sign
from tests.kit.released import put, rows
from tests.middleware.shop import KEY, SHOP
from tests.middleware.test_trust import TRUSTED, visit

PREVIEW = Forced(slots={"shop": "green"})


@pytest.fixture
def kit(kit_of: Any) -> Any:
    """A shop before its switch: its seventh release has a preview and no traffic."""
    section = {**SHOP["rollouts"]["shop"], "strategy": "blue_green"}
    section.pop("weight")
    made = kit_of({**SHOP, "rollouts": {"shop": section}})
    put(made, shop=Split("blue", 0.0, 7))
    return made


@pytest.mark.parametrize("carrier", [b"x-reliakit-override", b"cookie"])
def test_a_signed_preview_is_served_and_counts_apart_for_the_present_release(
    kit: Any, carrier: bytes
) -> None:
    """Otherwise a blue-green release would wait for ever for the preview's requests, or be judged as customers are."""
    value = sign(PREVIEW, KEY).encode()
    sent = value if carrier != b"cookie" else b"a=b; reliakit_override=" + value
    assert visit(kit, [(carrier, sent)], TRUSTED)[0] == "v2"
    assert rows(kit) == {("green", "forced", 7): {"SUCCESS": 1}}


@pytest.mark.parametrize(
    "value", [b"slot.shop=green", sign(PREVIEW, "f" * 32).encode()], ids=["unsigned", "by another key"]
)
@pytest.mark.parametrize("carrier", [b"x-reliakit-override", b"cookie"])
def test_anybody_elses_changes_nothing_and_is_stripped(kit: Any, carrier: bytes, value: bytes) -> None:
    """Otherwise anybody could look at what is not released, or have the app believe that they may."""
    sent = value if carrier != b"cookie" else b"a=b; reliakit_override=" + value
    version, headers = visit(kit, [(carrier, sent)], TRUSTED)
    assert version == "v1"
    assert headers == ([(b"cookie", b"a=b")] if carrier == b"cookie" else [])
    assert rows(kit) == {("blue", "split", 7): {"SUCCESS": 1}}
