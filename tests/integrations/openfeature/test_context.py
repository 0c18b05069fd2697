"""Contexts merge as the specification orders them, and lie over what the kit knows of the request."""

from typing import Any

import pytest
from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.evaluation_context import EvaluationContext
from openfeature.hook import Hook, HookContext, HookHints
from openfeature.track import TrackingEventDetails
from openfeature.transaction_context import (
    ContextVarsTransactionContextPropagator,
    set_transaction_context,
    set_transaction_context_propagator,
)

from reliakit import Reliakit
from reliakit_openfeature import ReliakitProvider


class Says(Hook):
    def __init__(self, context: EvaluationContext) -> None:
        self.context = context

    def before(self, hook_context: HookContext, hints: HookHints) -> EvaluationContext:
        return self.context


LEVELS = ("api", "transaction", "client", "invocation", "hook")


@pytest.mark.parametrize("last", range(len(LEVELS)))
@pytest.mark.parametrize("what", ["key", "attribute"])
def test_a_later_level_wins_over_all_before_it(client: OpenFeatureClient, last: int, what: str) -> None:
    """Otherwise what a request says of its user loses against what was set when the process began."""

    def said(level: int) -> EvaluationContext:
        right = level == last
        if what == "key":
            return EvaluationContext("ann" if right else "bob")
        return EvaluationContext(None, {"customer": not right, "age": 30})

    set_transaction_context_propagator(ContextVarsTransactionContextPropagator())
    contexts = [said(level) if level <= last else EvaluationContext() for level in range(len(LEVELS))]
    api.set_evaluation_context(contexts[0])
    set_transaction_context(contexts[1])
    client.context = contexts[2]
    client.add_hooks([Says(contexts[4])])
    try:
        if what == "key":
            assert client.get_boolean_value("for-ann", False, contexts[3]) is True
        else:
            assert client.get_string_value("context-aware", "x", contexts[3]) == "INTERNAL"
    finally:
        set_transaction_context(EvaluationContext())


def test_attributes_of_all_levels_come_together(client: OpenFeatureClient) -> None:
    """Otherwise a rule over two attributes never holds where two levels say one each."""
    api.set_evaluation_context(EvaluationContext(None, {"customer": False}))
    assert client.get_string_value("context-aware", "x") == "EXTERNAL"
    assert client.get_string_value("context-aware", "x", EvaluationContext(None, {"age": 30})) == "INTERNAL"


def test_without_a_key_it_is_the_kits_own_user(client: OpenFeatureClient, kit: Reliakit) -> None:
    """Otherwise an application has to say twice who is asking."""
    with kit.identify("ann", customer=False):
        assert client.get_boolean_value("for-ann", False) is True
        assert (
            client.get_string_value("context-aware", "x", EvaluationContext(None, {"age": 30})) == "INTERNAL"
        )
        assert client.get_boolean_value("for-ann", True, EvaluationContext("bob")) is False
        bob = EvaluationContext("bob", {"age": 30})
        assert client.get_string_value("context-aware", "x", bob) == "EXTERNAL"


def test_one_kit_for_each_domain(kit: Reliakit, kit_of: Any) -> None:
    """Otherwise two teams in a process can't have flags of their own."""
    other = kit_of({"format": 1, "flags": {"string-flag": {"variants": {"only": "other"}}}})
    api.set_provider_and_wait(ReliakitProvider(kit))
    api.set_provider_and_wait(ReliakitProvider(other), "other")
    assert api.get_client().get_string_value("string-flag", "x") == "hi"
    assert api.get_client("other").get_string_value("string-flag", "x") == "other"


@pytest.mark.parametrize(
    ("details", "reported"),
    [
        (None, 1),
        (TrackingEventDetails(), 1),
        (TrackingEventDetails(0), 0),
        (TrackingEventDetails(12.5), 12.5),
    ],
)
def test_tracking_is_a_report_of_the_request(
    client: OpenFeatureClient, kit: Reliakit, monkeypatch: pytest.MonkeyPatch, details: Any, reported: float
) -> None:
    """Otherwise releases can't be judged by what applications track through the SDK."""
    told: list[tuple[str, float]] = []
    monkeypatch.setattr(kit, "track", lambda metric, value=1: told.append((metric, value)))
    client.track("order", EvaluationContext("ann"), details)
    assert told == [("order", reported)]
