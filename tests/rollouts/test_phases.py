"""One table says what leads from which phase to which, for the controller, for people and for the documents."""

from itertools import product
from pathlib import Path

import pytest

from reliakit.rollouts.phases import ACTIVE, TRANSITIONS, Phase, Refused, Trigger, drawn, moved

_PENDING, _RUNNING, _PAUSED, _SUCCESSFUL, _FAILED, _ERROR, _INCONCLUSIVE = Phase
_EXPECTED = {
    Trigger.TRAFFIC: {_PENDING: _RUNNING},
    Trigger.STARVE: {_RUNNING: _PENDING},
    Trigger.WAIT: {_RUNNING: _PAUSED},
    Trigger.EXPIRE: {_RUNNING: _INCONCLUSIVE},
    Trigger.FAULT: dict.fromkeys((_PENDING, _RUNNING, _PAUSED), _ERROR),
    Trigger.ADVANCE: {_PENDING: _PENDING} | dict.fromkeys((_RUNNING, _PAUSED, _INCONCLUSIVE), _RUNNING),
    Trigger.COMPLETE: dict.fromkeys((_PENDING, _RUNNING, _PAUSED, _INCONCLUSIVE), _SUCCESSFUL),
    Trigger.ROLL_BACK: dict.fromkeys((*ACTIVE, _SUCCESSFUL), _FAILED),
    Trigger.PAUSE: dict.fromkeys((_PENDING, _RUNNING, _PAUSED), _PAUSED),
    Trigger.RESUME: {_PAUSED: _RUNNING},
    Trigger.ABORT: dict.fromkeys(ACTIVE, _FAILED),
    Trigger.RETRY: {_FAILED: _PENDING, _ERROR: _RUNNING, _INCONCLUSIVE: _RUNNING},
}
"""Written from the side of the triggers, so that a slip in the table is not copied."""


@pytest.mark.parametrize(("phase", "trigger"), list(product(Phase, Trigger)), ids=str)
def test_a_phase_moves_where_the_table_says_and_nowhere_else(phase, trigger):
    """Otherwise a release that has failed could be promoted by whoever asks twice."""
    after = _EXPECTED[trigger].get(phase)
    if after is None:
        with pytest.raises(Refused):
            moved(phase, trigger)
    else:
        assert moved(phase, trigger) is after


def test_every_phase_has_a_way_out():
    """Otherwise a release gets stuck and nobody can do anything about it."""
    assert set(TRANSITIONS) == set(Phase)
    assert all(TRANSITIONS.values())


def test_whatever_is_under_way_can_be_aborted_and_rolled_back():
    """Otherwise there is a moment in which nobody can stop a bad release."""
    assert all({Trigger.ABORT, Trigger.ROLL_BACK} <= set(TRANSITIONS[phase]) for phase in ACTIVE)


def test_only_traffic_time_and_people_end_a_wait_for_nothing():
    """Otherwise a release that nobody could judge ships on silence."""
    assert not {Trigger.TRAFFIC, Trigger.WAIT, Trigger.EXPIRE} & set(TRANSITIONS[_INCONCLUSIVE])


def test_a_refusal_says_in_the_words_of_the_commands_what_can_be_done():
    """Otherwise people learn that they can "advance", and there is no such command."""
    with pytest.raises(Refused, match=r"can't promote a release that is Failed; what can be done: retry"):
        moved(_FAILED, Trigger.ADVANCE)
    with pytest.raises(
        Refused, match=r"can't retry a release that is Running; .*: abort, pause, promote, roll back$"
    ):
        moved(_RUNNING, Trigger.RETRY)


def test_the_documents_show_the_table_itself():
    """Otherwise the drawing is of the table as it was a year ago."""
    page = Path(__file__).parents[2] / "docs" / "releases.md"
    assert f"```mermaid\n{drawn()}\n```" in page.read_text("utf-8")


def test_the_drawing_has_every_transition_once():
    """Otherwise what people see is only a part of what can happen."""
    lines = drawn().splitlines()
    assert len(lines) == len(set(lines)) == 2 + sum(len(row) for row in TRANSITIONS.values())
