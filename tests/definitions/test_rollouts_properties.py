"""Rollouts of random quantities: a file is refused with words, or it can be followed."""

from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from reliakit.definitions.documents import Document, run
from reliakit.definitions.loading import load
from reliakit.definitions.rollouts import rollout_definition

RATIOS = st.sampled_from([0, 0.5, 1, 1.0, 1.19, 1.4, 2, 15.9, 16, 17, 63, 64, 64.1, 999]) | st.floats(0, 80)
PERCENTS = st.sampled_from([0, 0.001, 0.5, 1, 4, 12.4, 12.5, 50, 99.999, 100]) | st.floats(0, 100)
SLOWER = st.sampled_from([0, 0.1, 3.9, 4, 4.1, 20, 25, 400, 899, 900]) | st.floats(0, 900)
LENGTHS = st.sampled_from(["0s", "1ms", "30s", "99.9s", "100s", "10m", "23h", "24h", "35d", "36d"])
REQUESTS = st.sampled_from([1, 20, 1_000_000_000])
GATES = st.sampled_from(["auto", "manual", {"webhook": "https://gate.example.com"}])


def _signed(numbers: st.SearchStrategy[float], sign: str) -> st.SearchStrategy[Any]:
    """Numbers, with their sign or without it."""
    return numbers | numbers.map(lambda number: f"{number:.6f}{sign}")


def _some(**keys: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional={key.rstrip("_"): each for key, each in keys.items()})


RATIO, PERCENT, SLOWDOWN = _signed(RATIOS, "x"), _signed(PERCENTS, "%"), _signed(SLOWER, "%")
ERRORS = _some(tolerate=RATIO, margin=RATIO, floor=PERCENT, rollback_floor=PERCENT)
LASTING = st.fixed_dictionaries({"for": LENGTHS}, optional={"requests": REQUESTS})
GUARD = st.one_of(
    st.tuples(st.sampled_from(["error_rate", "client_errors"]), PERCENT).map(lambda pair: dict([pair])),
    st.tuples(st.sampled_from(["p1", "p50", "p99", "p99.999"]), LENGTHS).map(lambda pair: dict([pair])),
    st.tuples(st.sampled_from(["above", "below"]), PERCENT).map(lambda pair: {"metric": "m", **dict([pair])}),
)
GUARDS = st.lists(st.tuples(GUARD, LASTING).map(lambda pair: {**pair[0], **pair[1]}), max_size=3)
ANALYSIS = _some(
    judge=st.sampled_from(["sequential", "ratio"]),
    ratio=_some(requests=REQUESTS, times=RATIO),
    alpha=PERCENT,
    error_rate=ERRORS,
    client_errors=st.just(False) | _some(tolerate=RATIO),
    latency=_some(tolerate=SLOWDOWN, margin=SLOWDOWN),
    metrics=st.fixed_dictionaries({"m": ERRORS | ERRORS.map(lambda each: {**each, "better": "higher"})}),
    guards=GUARDS,
)
STEP = st.fixed_dictionaries(
    {"weight": st.floats(0, 100)},
    optional={
        "bake": LENGTHS,
        "requests": REQUESTS,
        "pause": LENGTHS,
        "gate": GATES,
        "error_rate": _some(margin=RATIO, floor=PERCENT),
    },
)


def _weight(step: Any) -> float:
    return float(step["weight"] if isinstance(step, dict) else step)


STEPS = st.lists(STEP | st.floats(0, 100), min_size=1, max_size=4).map(
    lambda steps: sorted(steps, key=_weight)
)
SECTION = _some(
    strategy=st.sampled_from(["canary", "blue_green", "ab"]),
    steps=STEPS,
    weight=st.floats(0, 100),
    deadline=LENGTHS,
    rollback_window=LENGTHS,
    analysis=ANALYSIS,
    slo=st.fixed_dictionaries({"objective": PERCENT}, optional={"window": LENGTHS}),
    pre_promotion=_some(gate=GATES, bake=LENGTHS),
    post_promotion=_some(bake=LENGTHS),
)
SLOTS = {"slots": {"a": {"upstream": "app"}, "b": {"upstream": "app"}}, "initial": "a"}


def _canary(**analysis: Any) -> dict[str, Any]:
    return {"strategy": "canary", "analysis": analysis}


@given(
    SECTION | ANALYSIS.map(lambda analysis: _canary(**analysis)) | STEPS.map(lambda steps: {"steps": steps})
)
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@example(_canary(error_rate={"tolerate": "16x"}))
@example(_canary(error_rate={"tolerate": "0.999999999x"}))
@example(_canary(error_rate={"margin": "64.000000001x"}))
@example(_canary(latency={"tolerate": "900%"}))
@example(_canary(alpha="0.000000001%"))
def test_what_loads_can_be_followed(section: dict[str, Any]) -> None:
    """Otherwise a file passes `reliakit check` and stops the process that reads it."""
    loaded = run(load(Document("x", {"format": 1, "rollouts": {"shop": {**SLOTS, **section}}}), {}))
    if loaded.definitions is None:
        assert loaded.problems
        assert all(problem.path[:2] == ("rollouts", "shop") for problem in loaded.problems)
        return
    written = loaded.definitions.rollouts["shop"]
    found = rollout_definition("shop", written)
    assert (found is None) == (written.strategy is None and written.steps is None)
    assert found is None or all(0 <= step.weight <= 100 for step in found.steps)
