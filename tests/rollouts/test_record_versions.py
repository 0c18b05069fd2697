"""Records between releases of reliakit: nobody is given what he can't read, and everybody reads what neighbours wrote."""

import pytest

from reliakit.rollouts import records
from reliakit.rollouts.records import Change, Record, agreed, opened, stamped, written


def _in_percent(record: Record) -> Record:
    return {**record, "share": record["share"] * 100}


def _in_parts(record: Record) -> Record:
    return {**record, "share": record["share"] / 100}


@pytest.fixture
def second_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """A release that reads two versions: since the second, a slice has its share in percent."""
    monkeypatch.setattr(records, "READS", frozenset({1, 2}))
    monkeypatch.setattr(records, "CHANGES", {("slice", 2): Change(_in_percent, _in_parts)})


@pytest.mark.parametrize(
    ("writes", "readable", "version"),
    [(1, [2, 2], 1), (2, [2, 2], 2), (2, [2, 1, 2], 1), (2, [3], 2), (2, [], 2), (2, [0], 1)],
)
def test_what_is_written_can_be_read_by_all_who_live(
    second_version: None, monkeypatch: pytest.MonkeyPatch, writes: int, readable: list[int], version: int
) -> None:
    """Otherwise the first worker of an upgrade would take the state away from all others."""
    monkeypatch.setattr(records, "VERSION", writes)
    assert agreed(readable) == version


def test_a_record_and_those_within_it_go_down_and_up_again(second_version: None) -> None:
    """Otherwise one release would take a share of 50 % for one of 5,000 %, deep in the evidence of the other."""
    whole = stamped("whole", slices=[stamped("slice", share=50)], named={"kind": "text", "version": "2.4.1"})
    old = written(whole, 1)
    assert old == {
        "kind": "whole",
        "version": 1,
        "slices": [{"kind": "slice", "version": 1, "share": 0.5}],
        "named": {"kind": "text", "version": "2.4.1"},
    }
    assert opened("slice", old["slices"][0])["share"] == 50
    assert opened("slice", whole["slices"][0])["share"] == 50
    assert written(whole, 2) is whole


def test_a_release_that_knows_one_version_leaves_fields_of_later_ones_alone() -> None:
    """Otherwise a new field would need a new version, and every release would be a step that can't be taken back."""
    record = {**stamped("slice", share=0.5), "colour": "green"}
    assert opened("slice", record)["share"] == 0.5
    assert written(record, 1) == record
