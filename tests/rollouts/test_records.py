"""Workers of two versions share a store: what one can't read, it refuses aloud."""

import pytest

from reliakit.rollouts.errors import Rollback, RollbackRule
from reliakit.rollouts.ratio import RatioEvidence


def test_a_record_of_a_later_version_is_refused():
    """Otherwise an old worker would judge by numbers that mean something else by now."""
    record = Rollback.begun(RollbackRule()).to_record() | {"version": 2}
    with pytest.raises(ValueError, match="version 2"):
        Rollback.from_record(record)


def test_a_record_of_another_kind_is_refused():
    """Otherwise evidence for promotion could be read as evidence for a rollback."""
    with pytest.raises(ValueError, match="expected a record of ratio, not of 'rollback'"):
        RatioEvidence.from_record(Rollback.begun(RollbackRule()).to_record())


def test_fields_that_a_later_version_adds_are_ignored():
    """Otherwise every addition stops the old workers while a deploy runs."""
    record = RatioEvidence().to_record() | {"later": 1}
    assert RatioEvidence.from_record(record) == RatioEvidence()
