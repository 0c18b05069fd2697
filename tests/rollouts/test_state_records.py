"""What a rollout knows survives the store, other versions of reliakit, and millions of requests."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reliakit.rollouts import records
from reliakit.rollouts.controller import decide
from reliakit.rollouts.events import Event
from reliakit.rollouts.evidence import Evidence
from reliakit.rollouts.observed import Observed, Outside
from reliakit.rollouts.phases import Phase, Refused
from reliakit.rollouts.state import RolloutState
from tests.rollouts.stage import READY, Stage, bits_of, canary, reread
from tests.rollouts.states import DEFINITIONS, RICH, Fate, happened, rich_traffic


def _lived(seed, length):
    """A state after whatever may happen to it, and its journal."""
    state, events, fate = RolloutState.begun(DEFINITIONS[0]), list[Event](), Fate(seed)
    for _ in range(length):
        definition, act = fate.next(state)
        try:
            found = happened(definition, state, act, fate.now)
        except Refused:
            continue
        state, events = found.state, [*events, *found.events]
    return state, events


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.integers(0, 25))
def test_a_state_survives_the_store(seed, length):
    """Otherwise the worker that decides next decides about something else."""
    state, events = _lived(seed, length)
    assert reread(state) == state
    for event in events:
        assert Event.from_record(json.loads(json.dumps(event.to_record(), allow_nan=False))) == event


@pytest.fixture(scope="module")
def running():
    return Stage(canary(analysis=RICH), 1).running().state


def _with_more(record):
    """The record as a later version writes it: every part has a field that nobody knows yet."""
    if isinstance(record, list):
        return [_with_more(each) for each in record]
    if not isinstance(record, dict):
        return record
    more = {"later": [1]} if "kind" in record else {}
    return {name: _with_more(each) for name, each in record.items()} | more


def test_what_a_later_version_adds_is_left_alone(running):
    """Otherwise every addition stops the old workers while a deploy runs."""
    state, evidence = _with_more(running.to_record()), _with_more(running.evidence.to_record())
    assert RolloutState.from_record(state, evidence) == running


@pytest.mark.parametrize("part", ["rollout", "evidence", "analysis"])
def test_a_version_that_nobody_knows_is_refused(running, part):
    """Otherwise a worker decides by numbers that mean something else by now."""
    state, evidence = running.to_record(), running.evidence.to_record()
    changed = {"rollout": state, "evidence": evidence, "analysis": evidence["analysis"]}[part]
    changed["version"] = 99
    with pytest.raises(ValueError, match=f"can't read version 99 of {part}"):
        RolloutState.from_record(state, evidence)


def test_a_record_that_lacks_a_field_is_refused_by_its_name(running):
    """Otherwise a broken record is an exception that nobody expects, instead of one that says what is broken."""
    record = running.evidence.to_record()
    del record["spent"]
    with pytest.raises(ValueError, match="a record of evidence has no field 'spent'"):
        Evidence.from_record(record)


def test_two_neighbouring_versions_read_each_other(running, monkeypatch):
    """Otherwise a deploy of reliakit, or taking it back, loses the evidence of every release under way."""
    old = running.evidence.to_record()
    monkeypatch.setattr(records, "READS", frozenset({1, 2}))
    monkeypatch.setattr(records, "VERSION", 2)
    new = running.evidence.to_record()
    assert (old["version"], new["version"]) == (1, 2)
    assert Evidence.from_record(old) == running.evidence
    monkeypatch.setattr(records, "VERSION", 1)
    assert Evidence.from_record(new) == running.evidence


def test_what_is_written_can_be_read():
    """Otherwise a worker can't read what it has written itself."""
    assert records.VERSION in records.READS


def test_five_million_requests_fit_into_64_kib():
    """Otherwise the state outgrows the store, in the longest and most watched release of all."""
    requests, folds = 5_000_000, 250
    definition = canary(analysis=replace(RICH, dry_run=True), deadline=1e9)
    stage = Stage(definition, 1)
    stage.decide()
    for number, served in enumerate(rich_traffic(1, folds, requests // folds)):
        incidents = {
            (what, where, window): (bits_of(9), bits_of(60))
            for what in ("errors", "client_errors")
            for where in ("eu-a", "eu-b")
            for window in (number // 60, number // 60 + 1)
        }
        look = Observed(served, incidents, READY, outside=(Outside("disk", True, "fine"),))
        stage.now += 1.0
        stage.state = decide(definition, stage.state, look, stage.now).state
    state, evidence = stage.state, stage.evidence
    assert evidence.analysis.latency is not None
    assert state.phase in (Phase.RUNNING, Phase.PENDING)
    assert sum(each.requests for each in evidence.cursor.values()) > 4_000_000
    assert len(evidence.cursor) == 4
    assert evidence.analysis.latency.against.baseline.frozen
    size = len(json.dumps(state.to_record())) + len(json.dumps(evidence.to_record()))
    assert size <= 64 * 1024
