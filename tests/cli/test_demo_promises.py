"""What the demo promises: each promise can be broken, and then it says so."""

from collections import Counter
from dataclasses import replace

import pytest

from reliakit.cli.demo.answers import CANARY, STABLE, Answer
from reliakit.cli.demo.counted import Counted
from reliakit.cli.demo.figures import Figures
from reliakit.cli.demo.flags_file import FIRST, FLAG, SECOND
from reliakit.cli.demo.promises import Edit, promises

EDIT = Edit(at=100.0, having=1)


def answer(user: int = 1, **changes) -> Answer:
    given = Answer(user, 11, FIRST, STABLE, False, 99.0, 0.01, {FLAG: ("off", "SPLIT")})
    return replace(given, **changes)


ON = {FLAG: ("on", "SPLIT")}
STORY = (
    answer(1),
    answer(2, worker=12, flags=ON),
    answer(1, revision=SECOND, sent_at=100.5, slot=CANARY, flags=ON),
    answer(2, revision=SECOND, sent_at=100.5, worker=12, flags=ON),
)
"""Two workers, two users; the edit takes one user to the canary and gives them the flag."""


def broken(
    *answers: Answer, sent: int | None = None, counted: Counted | None = None, edit: Edit | None = EDIT
):
    figures = Figures(sent=len(answers) if sent is None else sent)
    for each in answers:
        figures.saw(each)
    judged = promises(figures, figures.counted if counted is None else counted, edit)
    return [promise.text.split(":")[0] for promise in judged if not promise.kept]


def test_a_demo_in_which_all_went_well_is_not_called_broken():
    assert broken(*STORY) == []


@pytest.mark.parametrize(
    ("worse", "said"),
    [
        (answer(2, worker=12, slot=CANARY, flags=ON), "nobody flapped between the slots"),
        (answer(1, revision=SECOND, slot=STABLE, flags=ON), "nobody flapped between the slots"),
        (answer(2, worker=12), "nobody lost new_checkout"),
        (answer(2, revision=SECOND, worker=12), "nobody lost new_checkout"),
        (answer(2, worker=12, flags=ON, sent_at=105.0), "the edit was followed"),
    ],
    ids=[
        "two slots at once",
        "taken from the canary",
        "two variants at once",
        "lost the flag",
        "a stale worker",
    ],
)
def test_an_answer_that_breaks_a_promise_is_noticed(worse, said):
    assert said in broken(*STORY, worse)


def test_a_user_who_is_taken_from_the_growing_canary_is_noticed_whichever_answer_comes_first():
    story = [answer(1, slot=CANARY), *STORY[1:2], answer(1, revision=SECOND, slot=STABLE, flags=ON), STORY[3]]
    for order in (story, story[::-1]):
        assert "nobody flapped between the slots" in broken(*order)


def test_a_request_without_an_answer_is_lost():
    assert broken(*STORY, sent=5) == ["no request was lost"]


def test_a_worker_that_did_not_follow_is_missed():
    assert broken(*STORY[:3]) == ["the edit was followed"]


@pytest.mark.parametrize("name", ["requests", "errors", "evaluations"])
def test_a_count_that_the_workers_have_and_the_clients_have_not_is_noticed(name):
    figures = Figures()
    for each in STORY:
        figures.saw(each)
    figures.counted.add(Counted(**{name: Counter([STABLE])}))
    assert broken(*STORY, counted=figures.counted) == ["the workers exported what the clients saw"]


def test_an_account_reads_the_same_in_another_process():
    counted = Counted(Counter(a=3), Counter(), Counter({"f, SPLIT": 2}))
    assert Counted.read(counted.data()) == counted


def test_nobody_is_blamed_for_what_a_person_edited():
    assert broken(*STORY, answer(2, worker=12), edit=None) == [
        "who keeps what was not judged",
    ]
