"""The shop under another release of reliakit, whose records have a second version: `FLEET_WRITES` says what it writes.

A state says which shade it has there: it is read from every record, so one of the first version has to be raised, and
whoever reads that alone is given one without.
"""

import os
from collections.abc import Mapping
from typing import Any

from reliakit.rollouts import records
from reliakit.rollouts.records import Change, Record
from reliakit.rollouts.state import RolloutState
from reliakit.runtime import sighting

__all__ = ["asgi"]

_to_record, _from_record = RolloutState.to_record, RolloutState.from_record


def _written(state: RolloutState) -> Record:
    return {**_to_record(state), "shade": 7}


def _read(record: Mapping[str, Any], evidence: Mapping[str, Any] | None) -> RolloutState:
    assert records.opened("rollout", record)["shade"] in (0, 7)
    return _from_record(record, evidence)


def _without_shade(record: Record) -> Record:
    return {name: value for name, value in record.items() if name != "shade"}


if writes := os.environ.get("FLEET_WRITES"):
    records.READS, records.VERSION = frozenset({1, 2}), int(writes)
    records.CHANGES = {("rollout", 2): Change(lambda record: {**record, "shade": 0}, _without_shade)}
    newer: Any = RolloutState
    newer.to_record, newer.from_record = _written, _read
sighting.LIVE = 3.0

from tests.fleet.odd import asgi  # noqa: E402 - a kit reads records as soon as it is made
