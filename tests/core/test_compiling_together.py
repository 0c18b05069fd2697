"""Flags are compiled when they are first asked for, by whichever thread that is."""

import threading
from typing import Any

import pytest

from reliakit.core.snapshot import Flags
from reliakit.core.tally import Tallies
from reliakit.definitions.compile import compile_snapshot
from reliakit.definitions.models import Definitions, Flag, RuleSection
from tests.core.compiled import ask, evaluator, snapshot


class _Held(dict[str, Any]):
    """Segments that let another thread go first, the first time that one is read."""

    def __init__(self, segments: dict[str, Any], meanwhile: Any) -> None:
        super().__init__(segments)
        self.pending = [meanwhile]

    def __getitem__(self, name: str) -> Any:
        if self.pending:
            other = threading.Thread(target=self.pending.pop())
            other.start()
            other.join(30)
        return super().__getitem__(name)


def test_two_threads_that_compile_flags_of_one_segment_do_not_disturb_each_other():
    """Otherwise the flag of the second thread is off for everybody until the next reload."""
    answers: list[Any] = []
    flags: list[Flags] = []
    rules = (RuleSection(if_={"segment": "staff"}),)
    held = _Held(
        {"staff": {"plan": "pro"}},
        lambda: answers.append(ask(flags[0], "second", "u", {"plan": "pro"}).value),
    )
    definitions = Definitions(
        format=1, segments=held, flags={"first": Flag(rules=rules), "second": Flag(rules=rules)}
    )
    flags.append(compile_snapshot(definitions, Tallies()).flags)
    answers.append(ask(flags[0], "first", "u", {"plan": "pro"}).value)
    assert answers == [True, True]


def test_many_threads_that_ask_for_a_new_flag_at_once_get_one_answer():
    """Otherwise two requests of the same user see different variants."""
    for _ in range(50):
        flags = snapshot({"flags": {"base": {}, "it": {"prerequisites": ["base"], "percentage": 50}}}).flags
        start = threading.Barrier(8)
        answers: list[Any] = []

        def first(
            flags: Flags = flags, start: threading.Barrier = start, answers: list[Any] = answers
        ) -> None:
            start.wait(30)
            answers.append(ask(flags, "it", "user-1", {}))

        threads = [threading.Thread(target=first) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(answers) == 8
        assert all(answer == answers[0] for answer in answers)


def test_a_flag_is_compiled_once():
    """Otherwise every check pays for the compiler."""
    flags = snapshot({"flags": {"it": {"percentage": 50}}}).flags
    assert evaluator(flags, "it") is evaluator(flags, "it")


def test_an_override_can_be_overridden_where_nothing_is_defined():
    """Otherwise nesting two overrides of an unknown flag in a test raises."""
    flags = snapshot({"flags": {"it": {}}}).flags.overridden({"ghost": ("on", True)})
    assert flags.variants("ghost") == {}
    again = flags.overridden({"ghost": (None, "x")})
    assert ask(again, "ghost", None, {}).value == "x"
    assert all(again.find(key) for key in ("it", "ghost"))
    assert ask(again, "it", None, {}).value is True


@pytest.mark.parametrize("value", [False, True])
def test_an_override_counts_for_those_that_require_the_flag(value):
    """Otherwise a kill switch leaves on what depends on it."""
    defined = {"base": {"percentage": 50}, "it": {"prerequisites": ["base"]}}
    flags = snapshot({"flags": defined}).flags
    assert ask(flags, "it", None, {}).error == "TARGETING_KEY_MISSING"
    pinned = flags.overridden({"base": ("on" if value else "off", value)})
    assert ask(pinned, "it", None, {}).value is value
