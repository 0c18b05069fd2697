"""What the demo promises: each promise can be broken, and then it says so."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from reliakit.cli.demo.answers import Answer
from reliakit.cli.demo.counted import Counted
from reliakit.cli.demo.figures import Figures
from reliakit.cli.demo.flags_file import FIRST, FLAG, SECOND
from reliakit.cli.demo.promises import Played, promises
from reliakit.cli.demo.story import Edit, Killed
from reliakit.cli.demo.watch import Watch
from reliakit.rollouts.events import Actor, Event, Happening
from reliakit.rollouts.phases import Phase
from reliakit.rollouts.state import RolloutState
from reliakit.runtime.journal import chained
from reliakit.stores.protocol import Entry

NO_STORE: Any = None
EDIT = Edit(at=100.0, having=1)
KILLED = Killed(worker=13, at=130.0, successor=14)
OFF, ON = {FLAG: ("off", "SPLIT")}, {FLAG: ("on", "SPLIT")}


def answer(user: int = 1, **changes) -> Answer:
    given = Answer(user, 11, FIRST, "blue", "1.9", False, 99.0, 0.01, OFF)
    return replace(given, **changes)


def later(user: int, at: float, version: str, worker: int = 11, **changes) -> Answer:
    slot = "blue" if version == "1.9" else "green"
    given = {
        "sent_at": at,
        "version": version,
        "slot": slot,
        "worker": worker,
        "revision": SECOND,
        "flags": ON,
    }
    return answer(user, **given | changes)


STORY = (
    answer(1),
    answer(2, worker=12, flags=ON),
    later(1, 100.5, "1.9"),
    later(2, 100.5, "1.9", worker=12),
    later(1, 110.0, "2.0", failed=True),
    later(1, 120.0, "1.9"),
    later(2, 126.0, "2.1", worker=13),
    later(2, 129.0, "2.1", worker=13),
    later(1, 140.0, "2.1"),
    later(2, 140.0, "2.1", worker=14),
)
"""Two users: the edit gives one of them the flag, that one meets the bad canary too; a worker is killed at 130."""


def event(what: Happening, version: str, at: float, weight: float, **changes) -> tuple[Event, float]:
    number = {"2.0": 1, "2.1": 2}[version]
    happened = Event(what, "shop", at, number, "green", version, Phase.RUNNING, Phase.RUNNING, weight, "so")
    return replace(happened, **changes), at


JOURNAL = (
    event(Happening.STARTED, "2.0", 109.0, 20),
    event(Happening.ROLLED_BACK, "2.0", 112.0, 0),
    event(Happening.STARTED, "2.1", 125.0, 20),
    event(Happening.ADVANCED, "2.1", 132.0, 50),
    event(Happening.PROMOTED, "2.1", 137.0, 100),
)


def watched(events=JOURNAL) -> Watch:
    texts = chained(None, [each.to_record() for each, _ in events])
    entries = [Entry(number, text) for number, text in enumerate(texts, 1)]
    stable = "green" if events[-1][0].what is Happening.PROMOTED else "blue"
    state = RolloutState("shop", stable)
    return Watch(NO_STORE, lambda text: None, state=state, entries=entries, events=list(events))


def played(answers=STORY, **changes) -> Played:
    figures = Figures(sent=len(answers))
    for each in sorted(answers, key=lambda each: each.came_at):
        figures.saw(each)
    exported = {worker: account for worker, account in figures.counted.items() if worker != 13}
    given = Played(figures, watched(), exported, figures.total().requests, EDIT, KILLED, True)
    return replace(given, **changes)


def judged(demo: Played, kept: bool | None) -> list[str]:
    return [promise.text.split(":")[0] for promise in promises(demo) if promise.kept is kept]


def broken(*answers: Answer, **changes) -> list[str]:
    return judged(played((*STORY, *answers), **changes), False)


def test_a_demo_in_which_all_went_well_is_not_called_broken():
    assert broken() == []
    assert len(judged(played(), True)) == 10


@pytest.mark.parametrize(
    ("worse", "said"),
    [
        (later(2, 110.5, "1.9", flags=OFF), "nobody lost new_checkout"),
        (answer(2, worker=12), "nobody lost new_checkout"),
        (answer(2, worker=12, flags=ON, sent_at=105.0), "the edit was followed"),
        (later(1, 110.3, "1.9"), None),
        (later(2, 129.5, "1.9"), "nobody flapped between the versions"),
        (later(2, 145.0, "1.9"), "nobody flapped between the versions"),
    ],
    ids=["lost it", "two variants", "a stale worker", "not heard yet", "left the canary", "left the stable"],
)
def test_an_answer_that_breaks_a_promise_is_noticed(worse, said):
    noticed = broken(worse)
    assert noticed == [] if said is None else said in noticed


def test_a_user_who_leaves_a_bad_canary_before_it_is_rolled_back_is_noticed():
    late = (*JOURNAL[:1], event(Happening.ROLLED_BACK, "2.0", 122.0, 0), *JOURNAL[2:])
    assert broken(watch=watched(late)) == ["nobody flapped between the versions"]


def test_a_user_whose_request_was_under_way_when_the_canary_was_rolled_back_did_not_flap():
    later_on = (*JOURNAL[:1], event(Happening.ROLLED_BACK, "2.0", 119.0, 0), *JOURNAL[2:])
    assert broken(later(1, 118.5, "1.9", seconds=1.0), watch=watched(later_on)) == []


def test_a_request_without_an_answer_is_lost():
    demo = played()
    demo.figures.sent += 1
    assert judged(demo, False) == ["no request was lost"]


@pytest.mark.parametrize(("at", "kept"), [(130.2, True), (129.0, False), (140.0, False)])
def test_a_connection_may_break_when_its_worker_is_killed_and_at_no_other_time(at, kept):
    demo = played()
    demo.figures.broken.append(at)
    assert ("no request was lost" in judged(demo, True)) is kept


def test_a_worker_that_did_not_follow_is_missed():
    following = [each for each in STORY if each.worker == 11 or each.revision == FIRST]
    assert "the edit was followed" in judged(played(following), False)


@pytest.mark.parametrize("name", ["requests", "errors", "evaluations"])
def test_a_count_that_a_worker_exports_and_the_clients_have_not_is_noticed(name):
    demo = played()
    more = Counted(**{name: Counter(["blue"])})
    more.add(demo.figures.counted[11])
    assert judged(replace(demo, exported={**demo.exported, 11: more}), False) == [
        "the workers exported what the clients saw of them"
    ]


def test_a_worker_whose_metrics_are_gone_without_a_kill_is_noticed():
    demo = played()
    exported = {worker: account for worker, account in demo.exported.items() if worker != 12}
    assert "the workers exported what the clients saw of them" in judged(
        replace(demo, exported=exported), False
    )


@pytest.mark.parametrize(
    ("slot", "more", "kept"),
    [("green", -1, True), ("green", -2, False), ("green", 1, False), ("blue", -2, False)],
    ids=["the killed worker's last", "one more", "too many", "another slot's"],
)
def test_the_store_may_miss_what_a_killed_worker_had_not_told_and_no_more(slot, more, kept):
    served = played().figures.total().requests + Counter()
    served[slot] += more
    assert ("the store counted what the clients saw" in judged(played(served=served), True)) is kept


def test_an_account_reads_the_same_in_another_process():
    counted = Counted(Counter(a=3), Counter(), Counter({"f, SPLIT": 2}))
    assert Counted.read(counted.data()) == counted


@pytest.mark.parametrize(("at", "said"), [(1, "2.0 was not rolled back"), (4, "2.1 was not promoted")])
def test_a_release_that_did_not_end_as_it_should_is_noticed(at, said):
    demo = played(watch=watched(JOURNAL[:at] + JOURNAL[at + 1 :]))
    assert said in judged(demo, False)
    assert said in judged(replace(demo, over=False), None), "it may be that time was short"


@pytest.mark.parametrize("at", [1, 4])
def test_a_release_that_a_person_ended_is_no_promise_kept(at):
    happened, seen = JOURNAL[at]
    by_bob = replace(happened, actor=Actor("person", "bob")), seen
    demo = played(watch=watched((*JOURNAL[:at], by_bob, *JOURNAL[at + 1 :])))
    [said] = judged(demo, None)
    assert said.startswith(happened.version)


def test_a_user_whom_the_promoted_version_did_not_reach_is_noticed():
    assert "2.1 was promoted in 12.0 s" in judged(played(STORY[:-2]), False)


def test_a_kill_that_nobody_made_up_for_is_noticed():
    alone = Killed(worker=13, at=130.0)
    assert judged(played(killed=alone), False) == ["worker 13 was killed"]


def test_an_entry_that_was_changed_is_noticed():
    demo = played()
    entries = demo.watch.entries
    entries[1] = Entry(2, entries[1].text.replace("2.0", "2.1"))
    assert judged(demo, False) == ["the journal is whole"]
    del entries[0]
    assert judged(demo, False) == ["the journal is whole"]


def test_nobody_is_blamed_for_what_a_person_edited():
    demo = played((*STORY, answer(2, worker=12)), edit=None)
    demo.figures.people.judging = False
    assert judged(demo, False) == []
    assert judged(demo, None) == ["who keeps what was not judged"]
