"""launchdarkly-server-sdk from a data file, its events switched off."""

import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ldclient import Context, LDClient
from ldclient.config import Config
from ldclient.integrations import Files

from benchmarks.workload import Person

__all__ = ["answers", "crowd", "load"]


def load(kinds: dict[str, str]) -> Any:
    with TemporaryDirectory() as folder:
        data = Path(folder, "flags.json")
        data.write_text(json.dumps({"flags": {key: _flag(key, kind) for key, kind in kinds.items()}}))
        source = Files.new_data_source(paths=[str(data)], auto_update=False)
        config = Config("none", update_processor_class=source, send_events=False, diagnostic_opt_out=True)
        return LDClient(config, start_wait=10)


def crowd(people: Sequence[Person]) -> list[Context]:
    return [Context.from_dict({"kind": "user", "key": user, **context}) for user, context in people]


def answers(client: Any, flag: str, contexts: Sequence[Context]) -> list[bool]:
    variation = client.variation
    return [variation(flag, context, False) for context in contexts]


def _flag(key: str, kind: str) -> dict[str, Any]:
    return {
        "key": key,
        "version": 1,
        "on": True,
        "salt": key,
        "variations": [True, False],
        "offVariation": 1,
        "prerequisites": [],
        "targets": [],
        "rules": [{"id": "targeted", "clauses": _CLAUSES, **_share(25)}] if kind == "rule" else [],
        "fallthrough": {"variation": 0} if kind == "static" else _share(10),
    }


def _share(percentage: int) -> dict[str, Any]:
    weights = ((0, percentage), (1, 100 - percentage))
    return {
        "rollout": {"variations": [{"variation": index, "weight": each * 1000} for index, each in weights]}
    }


_CLAUSES = [
    {"attribute": "plan", "op": "in", "values": ["pro", "team"], "negate": False},
    {"attribute": "country", "op": "in", "values": ["US"], "negate": True},
    # There is no "at least": not less than.
    {"attribute": "app_version", "op": "semVerLessThan", "values": ["2.3.0"], "negate": True},
]
