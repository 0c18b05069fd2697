"""UnleashClient (Rust engine) from a bootstrapped cache, without registration, fetching and metrics."""

import json
from collections.abc import Sequence
from typing import Any

from UnleashClient import UnleashClient
from UnleashClient.cache import BaseCache
from UnleashClient.constants import FEATURES_URL

from benchmarks.workload import Person

__all__ = ["answers", "crowd", "load"]

_HOUR = 3600


class _Memory(BaseCache):
    """A bootstrapped cache that leaves no files behind, as the SDK's own one would."""

    bootstrapped = True

    def __init__(self, document: dict[str, Any]) -> None:
        self._kept: dict[str, Any] = {FEATURES_URL: json.dumps(document)}

    def set(self, key: str, value: Any) -> None:
        self._kept[key] = value

    def mset(self, data: dict[str, Any]) -> None:
        self._kept |= data

    def get(self, key: str, default: Any = None) -> Any:
        return self._kept.get(key, default)

    def exists(self, key: str) -> bool:
        return key in self._kept

    def destroy(self) -> None:
        self._kept.clear()


def load(kinds: dict[str, str]) -> Any:
    cache = _Memory({"version": 2, "features": [_feature(key, kind) for key, kind in kinds.items()]})
    client = UnleashClient(
        "http://127.0.0.1:9",
        "bench",
        cache=cache,
        refresh_interval=_HOUR,
        metrics_interval=_HOUR,
        disable_metrics=True,
        disable_registration=True,
    )
    client.initialize_client(fetch_toggles=False)
    return client


def crowd(people: Sequence[Person]) -> list[dict[str, Any]]:
    return [{"userId": user, "properties": context} for user, context in people]


def answers(client: Any, flag: str, contexts: Sequence[dict[str, Any]]) -> list[bool]:
    enabled = client.is_enabled
    return [enabled(flag, context) for context in contexts]


def _feature(key: str, kind: str) -> dict[str, Any]:
    if kind == "static":
        strategies: list[dict[str, Any]] = [{"name": "default", "parameters": {}}]
    elif kind == "ten_percent":
        strategies = [_share(key, 10)]
    else:
        # Any strategy that says yes is enough; of one group, the 10 % lie within the 25 %.
        strategies = [_share(key, 25) | {"constraints": _CONSTRAINTS}, _share(key, 10)]
    return {"name": key, "type": "release", "enabled": True, "strategies": strategies}


def _share(key: str, percentage: int) -> dict[str, Any]:
    parameters = {"rollout": str(percentage), "stickiness": "userId", "groupId": key}
    return {"name": "flexibleRollout", "parameters": parameters, "constraints": []}


_CONSTRAINTS = [
    {"contextName": "plan", "operator": "IN", "values": ["pro", "team"]},
    {"contextName": "country", "operator": "NOT_IN", "values": ["US"]},
    # "At least" as not less than, which every version of the engine knows.
    {"contextName": "app_version", "operator": "SEMVER_LT", "value": "2.3.0", "inverted": True},
]
