"""From documents to definitions: what stays of a document with problems, and how long each step of loading takes."""

import gc
import json
import time
import tracemalloc
from collections.abc import Generator
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reliakit.definitions.documents import read, run
from reliakit.definitions.loading import Loaded, load
from reliakit.definitions.models import Definitions
from tests.definitions.loaded import definitions, loaded, problems

T = TypeVar("T")


def _flags(result: Loaded) -> dict[str, float | None]:
    assert result.definitions is not None
    return {key: flag.percentage for key, flag in result.definitions.flags.items()}


def _reload(text: str, previous: Definitions) -> Loaded:
    return loaded(f"format: 1\n{text}", previous=previous)


BEFORE = "flags: {a: {percentage: 1}, b: {percentage: 1}}"


@pytest.mark.parametrize(
    ("flag", "why"),
    [
        ("{percentage: 200}", "its shape"),
        ("{percentage: }", "nothing in it"),
        ("{percentage: env:NOBODY_SET_THIS}", "a variable"),
        ("{rules: [{if: {segment: x}}]}", "a segment"),
        ("{prerequisites: [x]}", "a prerequisite"),
        ("{prerequisites: [a]}", "a loop"),
        ("{split: {loud: 1}}", "a variant"),
        ("{rules: [{if: {a: {matches: '('}}}]}", "a pattern"),
    ],
)
def test_a_broken_flag_keeps_its_earlier_form_and_its_siblings_change(flag: str, why: str) -> None:
    """Otherwise one flag that somebody broke takes away what others have changed, or itself."""
    result = _reload(f"flags: {{a: {flag}, b: {{percentage: 2}}}}", definitions(BEFORE))
    assert _flags(result) == {"a": 1, "b": 2}
    assert result.problems


def test_a_flag_written_twice_keeps_its_earlier_form() -> None:
    """Otherwise the first or the last of the two wins, and nobody knows which."""
    result = _reload(
        "flags:\n  a: {percentage: 5}\n  b: {percentage: 2}\n  a: {percentage: 9}", definitions(BEFORE)
    )
    assert _flags(result) == {"a": 1, "b": 2}


def test_a_broken_flag_without_an_earlier_form_is_left_out() -> None:
    """Otherwise a new flag that can't be read stops every other change."""
    result = _reload("flags: {a: {percentage: 2}, new: {percentage: 200}}", definitions(BEFORE))
    assert _flags(result) == {"a": 2}


def test_a_flag_that_others_still_need_stays_for_them() -> None:
    """Otherwise removing a flag too early changes what the flags answer that require it."""
    previous = definitions(
        "flags: {tax: {percentage: 1}, a: {prerequisites: [tax], percentage: 1}, b: {percentage: 1}}"
    )
    result = _reload("flags: {a: {prerequisites: [tax], percentage: 2}, b: {percentage: 2}}", previous)
    assert _flags(result) == {"a": 1, "b": 2, "tax": 1}
    assert [str(problem).split(" (")[0] for problem in result.problems] == [
        'x.yaml:2: flags.a.prerequisites[0]: there is no flag "tax"',
        "x.yaml:2: flags.tax: it is not written any more, and stays in force for flags that require it",
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "segments: {staff: {x: 1}}\nflags: {a: {rules: [{if: {segment: staff}}]}}",
            "flags: {a: {rules: [{if: {segment: staff}}]}}",
        ),
        (
            "flags: {a: {prerequisites: {b: x}}, b: {variants: {x: 1}}}",
            "flags: {a: {prerequisites: {b: x}}, b: {variants: {y: 1}}}",
        ),
    ],
    ids=["a segment goes", "a variant goes"],
)
def test_a_flag_never_vanishes_because_of_what_it_refers_to(before: str, after: str) -> None:
    """Otherwise everybody loses a feature when somebody tidies up something that it still refers to."""
    result = _reload(after, definitions(before))
    assert result.definitions is None, "all of what is in force stays"
    assert result.problems


@pytest.mark.parametrize(
    "broken",
    [
        "segments: {s: [a]}",
        "routes: [{upstream: v2}]",
        "flag: {}",
        "identity: {header: X}",
        "outcomes: {errors: [6xx]}",
    ],
)
def test_a_broken_section_leaves_everything_as_it_was(broken: str) -> None:
    """Otherwise half of a document comes into force, with nobody knowing which half."""
    result = _reload(f"flags: {{a: {{percentage: 2}}}}\n{broken}", definitions(BEFORE))
    assert result.definitions is None


def test_everything_wrong_is_told_at_once_in_the_order_of_lines() -> None:
    """Otherwise mending a file takes one run per mistake."""
    text = """\
    flags:
      a: {percentge: 10, rules: [{if: {plan: {is: pro}}}]}
      b: {rules: [{if: {segment: nobody}}], prerequisites: [c]}
      d: {percentage: }
    routes: [{upstream: v2}]
    segments: {s: {x: {gt: "3"}}}
    identity: {header: X-User-Id}
    """
    assert [told.split(" (")[0] for told in problems(text)] == [
        '3: flags.a.percentge: unknown key "percentge"',
        '3: flags.a.rules[0].if.plan.is: there is no operator "is"',
        '4: flags.b.rules[0].if.segment: there is no segment "nobody"',
        '4: flags.b.prerequisites[0]: there is no flag "c"',
        "5: flags.d.percentage: nothing is written here",
        '6: routes[0].upstream: there is no upstream "v2"',
        '7: segments.s.x.gt: expected a number, got "3"',
        "8: identity.header: a header is believed only from `trusted_proxies`, and there is none",
    ]


def test_what_can_not_be_read_is_not_called_unknown() -> None:
    """Otherwise one mistake is told as two, and the second sends people looking for a missing definition."""
    assert problems("flags: {a: {percentage: 200}, b: {prerequisites: [a]}}") == [
        "2: flags.a.percentage: expected a percentage from 0 to 100, got 200"
    ]
    assert problems("segments: {s: [a]}\nflags: {a: {rules: [{if: {segment: s}}]}}") == [
        "2: segments.s: expected a condition such as {plan: [pro, team]}, got a list of 1 item"
    ]
    assert [told[:2] for told in problems("segments: [s]\nflags: {a: {rules: [{if: {segment: s}}]}}")] == [
        "2:"
    ]


def test_secrets_are_not_shown() -> None:
    """Otherwise a key that is too short, and still in use elsewhere, stands in the log."""
    found = problems(
        "overrides: {keys: [hunter2]}\nidentity: {cookie: {keys: [env:KEY]}}", environ={"KEY": "hunter2"}
    )
    assert len(found) == 2
    assert "hunter2" not in "".join(found)


names = st.sampled_from("abcdef")
graphs = st.dictionaries(names, st.lists(names, unique=True, max_size=3), min_size=1)


@given(graphs)
def test_what_is_left_after_a_refusal_has_no_loop(graph: dict[str, list[str]]) -> None:
    """Otherwise a loop that was overlooked ends a request in a RecursionError."""
    sound = {key: [wanted for wanted in needs if wanted in graph] for key, needs in graph.items()}
    text = json.dumps({"format": 1, "flags": {key: {"prerequisites": needs} for key, needs in sound.items()}})
    result = loaded(text, "x.json")
    assert result.definitions is not None
    left = {key: sound[key] for key in result.definitions.flags}
    told = {problem.path[1] for problem in result.problems}
    assert bool(told) == _loops(sound)
    assert told == sound.keys() - left.keys()
    assert not _loops(left)


def _loops(graph: dict[str, list[str]]) -> bool:
    """Whether taking away flags that require none of the others leaves some."""
    left = dict(graph)
    while free := [key for key, needs in left.items() if not left.keys() & set(needs)]:
        for key in free:
            del left[key]
    return bool(left)


def test_prerequisites_that_meet_again_are_walked_once() -> None:
    """Otherwise forty flags that require two of their neighbours each keep a process busy for hours."""
    steps = 200
    flags: dict[str, Any] = {f"{side}{steps}": {} for side in "ab"}
    for step in range(steps):
        wanted = [f"a{step + 1}", f"b{step + 1}"]
        flags |= {f"{side}{step}": {"prerequisites": wanted} for side in "ab"}
    result, taken = _driven(load(_document(flags), {}))
    assert all("would be more than 100" in str(problem) for problem in result.problems)
    assert len(taken) < 20 * len(flags)


def _document(flags: dict[str, Any]) -> Any:
    document, found = run(read(json.dumps({"format": 1, "flags": flags}), "x.json"))
    assert not found
    return document


def _driven(steps: Generator[None, None, T]) -> tuple[T, list[float]]:
    """Runs a cooperative generator, with the seconds that each step took."""
    taken: list[float] = []
    while True:
        started = time.thread_time()
        try:
            next(steps)
        except StopIteration as finished:
            value: T = finished.value
            return value, [*taken, time.thread_time() - started]
        taken.append(time.thread_time() - started)


def _thousand(percentage: int) -> dict[str, Any]:
    rule = {
        "if": {"plan": ["pro", "team"], "country": {"not_in": ["US"]}, "v": {"semver": ">=2.3.0"}},
        "percentage": 25,
    }
    return {
        f"flag_{number}": {
            "description": f"Number {number}",
            "allowlist": ["user_1", "user_2"],
            "rules": [rule],
            "percentage": percentage,
            "prerequisites": [f"flag_{number - 1}"] if number % 10 else [],
        }
        for number in range(1_000)
    }


@pytest.mark.parametrize("broken", [False, True])
def test_a_thousand_flags_load_in_short_steps(broken: bool) -> None:
    """Otherwise a reload makes every request of that moment wait.

    A step is measured in processor time of this thread, at its quickest of three runs, so that a busy machine and
    a collection of garbage say nothing.
    """
    previous = run(load(_document(_thousand(10)), {})).definitions
    document = _document(
        {key: {**flag, "percentage": 20 + 100 * broken} for key, flag in _thousand(20).items()}
    )
    runs = [_driven(load(document, {}, previous)) for _ in range(3)]
    assert all(bool(result.problems) is broken for result, _ in runs)
    assert len({len(taken) for _, taken in runs}) == 1
    quickest = [min(step) for step in zip(*(taken for _, taken in runs), strict=True)]
    assert len(quickest) > 2_000
    assert max(quickest) < 0.002
    assert sum(quickest) < 2


def test_a_thousand_flags_take_little_memory() -> None:
    """Otherwise each of a host's workers pays for flags by the tens of megabytes."""
    document = _document(_thousand(10))
    run(load(document, {}))  # what is made once, such as the inspected types
    gc.collect()
    tracemalloc.start()
    try:
        result = run(load(document, {}))
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] < 1_500_000
    finally:
        tracemalloc.stop()
    assert result.definitions is not None


def test_chains_that_are_too_long_are_refused_and_never_end_a_process():
    """Otherwise `check` passes what ends every request that asks for the flag in a RecursionError."""
    flags = {f"f{number}": {"prerequisites": [f"f{number + 1}"]} for number in range(600)} | {"f600": {}}
    segments = {f"s{number}": {"segment": f"s{number + 1}"} for number in range(300)} | {"s300": {"a": 1}}
    text = json.dumps({"format": 1, "flags": flags, "segments": segments})
    told = "\n".join(map(str, loaded(text).problems))
    assert "one check of this flag would be more than 100" in told
    assert "segments are nested deeper than 8 levels" in told
