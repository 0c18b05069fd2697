"""What the OpenFeature provider costs over one that does nothing, by the SDK's own client.

Most of what a call takes is the SDK's: it merges contexts, looks for hooks, and makes its results.
"""

from functools import partial

from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.evaluation_context import EvaluationContext
from openfeature.provider.no_op_provider import NoOpProvider

from benchmarks.budgets import at_most
from benchmarks.rounds import Batch, interleaved
from benchmarks.table import Table
from reliakit import Reliakit
from reliakit_openfeature import ReliakitProvider

__all__ = ["run"]

_NOTHING, _SHARE, _RULES = "no-op provider", "reliakit: a 10 % flag", "reliakit: rules"
_BUDGET = 2.0
_FLAGS = {
    "checkout": {"percentage": 10},
    "banner": {
        "variants": {"plain": "#444", "loud": "#f60"},
        "rules": [{"if": {"plan": ["pro", "team"], "country": {"not_in": ["US"]}}, "value": "loud"}],
    },
}
_ANN = EvaluationContext("user-42", {"plan": "pro", "country": "DE"})


def run(smoke: bool) -> list[Table]:
    """Measures calls of the client."""
    rounds, seconds = (1, 0.005) if smoke else (9, 0.2)
    kit = Reliakit({"flags": _FLAGS})
    timings = interleaved(_subjects(kit), rounds, seconds)
    base = timings[_NOTHING]
    counted = kit._runtime.tallies.counters.totals()
    api.shutdown()
    api.clear_providers()
    added = {name: each.over(base) for name, each in timings.items()}
    budget = at_most("provider over a no-op one", added[_SHARE].median, _BUDGET, " us")
    return [
        Table(
            "OpenFeature's client",
            ("us", "each", "added (best)", "of no-op"),
            tuple(
                (
                    name,
                    f"{each.median:.2f}",
                    f"{added[name].median:.2f} ({added[name].least:.2f})",
                    f"{each.median / base.median:.2f} x",
                )
                for name, each in timings.items()
            ),
            notes=(f"medians of {rounds} interleaved rounds", budget.line()),
            problems=() if counted else ("no evaluation was counted",),
        )
    ]


def _subjects(kit: Reliakit) -> dict[str, Batch]:
    api.set_provider_and_wait(NoOpProvider(), "nothing")
    api.set_provider_and_wait(ReliakitProvider(kit), "reliakit")
    ours = api.get_client("reliakit")
    return {
        _NOTHING: partial(_ask, api.get_client("nothing")),
        _SHARE: partial(_ask, ours),
        _RULES: partial(_ask_text, ours),
    }


def _ask(client: OpenFeatureClient, calls: int) -> None:
    for _ in range(calls):
        client.get_boolean_value("checkout", False, _ANN)


def _ask_text(client: OpenFeatureClient, calls: int) -> None:
    for _ in range(calls):
        client.get_string_value("banner", "#444", _ANN)
