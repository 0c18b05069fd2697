from collections.abc import Callable, Iterator

import pytest
from openfeature import _event_support, api
from openfeature.client import OpenFeatureClient
from openfeature.evaluation_context import clear_evaluation_context

from reliakit import Reliakit
from reliakit_openfeature import ReliakitProvider

FLAGS = {
    "boolean-flag": {"percentage": 100},
    "string-flag": {"variants": {"greeting": "hi", "parting": "bye"}},
    "integer-flag": {"variants": {"one": 1, "ten": 10}, "default": "ten"},
    "float-flag": {"variants": {"tenth": 0.1, "half": 0.5}, "default": "half"},
    "whole-flag": {"variants": {"two": 2}},
    "object-flag": {"variants": {"template": {"showImages": True, "title": "Check out", "images": 100}}},
    "list-flag": {"variants": {"sizes": [1, 2]}},
    "off-flag": {"enabled": False, "variants": {"plain": "#444"}},
    "split-flag": {"variants": {"a": "A", "b": "B"}, "split": {"a": 50, "b": 50}},
    "context-aware": {
        "variants": {"internal": "INTERNAL", "external": "EXTERNAL"},
        "default": "external",
        "rules": [{"if": {"customer": False, "age": {"gte": 29}}, "value": "internal"}],
    },
    "for-ann": {"allowlist": ["ann"]},
    "since": {"rules": [{"if": {"joined": {"before": "2026-01-01"}}}]},
    "described": {"owner": "payments", "kind": "ops", "percentage": 0},
}


@pytest.fixture
def kit(kit_of: Callable[..., Reliakit]) -> Reliakit:
    return kit_of({"format": 1, "revision": "r7", "flags": FLAGS})


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    """The SDK is global: what one test sets, the next would see."""
    forget()
    yield
    forget()


def forget() -> None:
    api.shutdown()
    api.clear_providers()
    api.clear_hooks()
    _event_support.clear()
    clear_evaluation_context()


@pytest.fixture
def client(kit: Reliakit) -> OpenFeatureClient:
    api.set_provider_and_wait(ReliakitProvider(kit))
    return api.get_client()
