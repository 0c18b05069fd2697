"""Blocks for property tests, and a way through JSON."""

import json
from typing import Any

from hypothesis import strategies as st

from reliakit.rollouts.blocks import Block


@st.composite
def counts(draw: st.DrawFn, most: int = 2_000) -> tuple[int, int, int, int]:
    n_c, n_s = draw(st.integers(1, most)), draw(st.integers(20, most))
    return n_c, n_s, draw(st.integers(0, min(n_c, 30))), draw(st.integers(0, min(n_s, 30)))


def through_json(state: Any) -> Any:
    """Writes a state, reads it back, and returns it."""
    return type(state).from_record(json.loads(json.dumps(state.to_record(), allow_nan=False)))


def size(state: Any) -> int:
    """Bytes of the record as JSON."""
    return len(json.dumps(state.to_record()))


def folded(test: Any, blocks: list[tuple[int, int, int, int]]) -> Any:
    for block in blocks:
        test = test.folded(Block(*block))
    return test
