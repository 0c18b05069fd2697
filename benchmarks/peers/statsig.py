"""statsig-python-core (Rust core) from a data store in memory, without network and without exposures."""

import json
from collections.abc import Sequence
from typing import Any

from statsig_python_core import DataStore, FeatureGateEvaluationOptions, Statsig, StatsigOptions, StatsigUser
from statsig_python_core.data_store import DataStoreResponse

from benchmarks.workload import Person

__all__ = ["answers", "crowd", "load"]

_NOW = 1767225600000
_UNRECORDED = FeatureGateEvaluationOptions(disable_exposure_logging=True)


class _Store(DataStore):
    def __init__(self, specs: str) -> None:
        super().__init__()
        self.specs = specs

    def get(self, key: str) -> DataStoreResponse:
        return DataStoreResponse(result=self.specs, time=_NOW)


def load(kinds: dict[str, str]) -> Any:
    options = StatsigOptions(
        data_store=_Store(json.dumps(_specs(kinds))),
        disable_network=True,
        disable_all_logging=True,
        disable_country_lookup=True,
        enable_id_lists=False,
        disable_disk_access=True,
    )
    client = Statsig("secret-none", options)
    client.initialize().wait()
    return client


def crowd(people: Sequence[Person]) -> list[StatsigUser]:
    return [StatsigUser(user_id=user, custom=dict(context)) for user, context in people]


def answers(client: Any, flag: str, users: Sequence[StatsigUser]) -> list[bool]:
    check = client.check_gate
    return [check(user, flag, _UNRECORDED) for user in users]


def _specs(kinds: dict[str, str]) -> dict[str, Any]:
    return {
        "has_updates": True,
        "time": _NOW,
        "company_id": "bench",
        "response_format": "dcs-v2",
        "feature_gates": {key: _gate(key, kind) for key, kind in kinds.items()},
        "dynamic_configs": {},
        "layer_configs": {},
        "layers": {},
        "experiment_to_layer": {},
        "condition_map": _CONDITIONS,
    }


def _gate(key: str, kind: str) -> dict[str, Any]:
    return {
        "type": "feature_gate",
        "entity": "feature_gate",
        "salt": key,
        "enabled": True,
        "defaultValue": False,
        "idType": "userID",
        "version": 1,
        "rules": _rules(kind),
    }


def _rules(kind: str) -> list[dict[str, Any]]:
    if kind == "static":
        return [_rule("everyone", 100, ["public"])]
    targeted = [_rule("targeted", 25, ["plan", "country", "app_version"])] if kind == "rule" else []
    return [*targeted, _rule("everyone", 10, ["public"])]


def _rule(name: str, percentage: int, conditions: list[str]) -> dict[str, Any]:
    return {
        "name": name,
        "id": name,
        "salt": "share",
        "passPercentage": percentage,
        "conditions": conditions,
        "returnValue": True,
        "idType": "userID",
    }


def _condition(kind: str, field: str | None, operator: str | None, target: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "field": field,
        "operator": operator,
        "targetValue": target,
        "additionalValues": {},
        "idType": "userID",
    }


_CONDITIONS = {
    "public": _condition("public", None, None, None),
    "plan": _condition("user_field", "plan", "any", ["pro", "team"]),
    "country": _condition("user_field", "country", "none", ["US"]),
    "app_version": _condition("user_field", "app_version", "version_gte", "2.3.0"),
}
