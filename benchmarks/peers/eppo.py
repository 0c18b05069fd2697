"""eppo-server-sdk (Rust core) from an initial configuration, without its event recording."""

import json
from collections.abc import Sequence
from typing import Any

import eppo_client

from benchmarks.workload import Person

__all__ = ["answers", "client", "crowd", "load"]

_TARGETED = [
    {"attribute": "plan", "operator": "ONE_OF", "value": ["pro", "team"]},
    {"attribute": "country", "operator": "NOT_ONE_OF", "value": ["US"]},
    {"attribute": "app_version", "operator": "GTE", "value": "2.3.0"},
]


def load(kinds: dict[str, str]) -> Any:
    return client(kinds, eppo_client.AssignmentLogger(), recorded=False)


def client(kinds: dict[str, str], logger: eppo_client.AssignmentLogger, *, recorded: bool) -> Any:
    """Returns a client that polls nothing; `recorded` flags tell `logger` of every assignment."""
    document = {
        "createdAt": "2026-01-01T00:00:00Z",
        "format": "SERVER",
        "environment": {"name": "bench"},
        "flags": {key: _flag(key, kind, recorded) for key, kind in kinds.items()},
    }
    configuration = eppo_client.Configuration(flags_configuration=json.dumps(document).encode())
    return eppo_client.init(
        eppo_client.ClientConfig(
            api_key="none",
            base_url="http://127.0.0.1:9",
            assignment_logger=logger,
            poll_interval_seconds=None,
            initial_configuration=configuration,
        )
    )


def crowd(people: Sequence[Person]) -> Sequence[Person]:
    return people


def answers(client: Any, flag: str, people: Sequence[Person]) -> list[bool]:
    assignment = client.get_boolean_assignment
    return [assignment(flag, user, context, False) for user, context in people]


def _flag(key: str, kind: str, recorded: bool) -> dict[str, Any]:
    return {
        "key": key,
        "enabled": True,
        "variationType": "BOOLEAN",
        "variations": {"on": {"key": "on", "value": True}, "off": {"key": "off", "value": False}},
        "totalShards": 10000,
        "allocations": [{**item, "doLog": recorded} for item in _allocations(key, kind)],
    }


def _allocations(key: str, kind: str) -> list[dict[str, Any]]:
    if kind == "static":
        return [{"key": "all", "splits": [{"variationKey": "on", "shards": []}]}]
    everyone = {"key": "everyone", "splits": _splits(key, 1000)}
    if kind == "ten_percent":
        return [everyone]
    return [{"key": "targeted", "rules": [{"conditions": _TARGETED}], "splits": _splits(key, 2500)}, everyone]


def _splits(salt: str, share: int) -> list[dict[str, Any]]:
    ranges = {"on": {"start": 0, "end": share}, "off": {"start": share, "end": 10000}}
    return [
        {"variationKey": name, "shards": [{"salt": salt, "ranges": [part]}]} for name, part in ranges.items()
    ]
