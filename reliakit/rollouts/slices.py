"""What one locality served between two folds, cut into the blocks that tests are fed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reliakit.core.outcome import Outcome
from reliakit.rollouts.blocks import Block
from reliakit.rollouts.definition import Better, GuardRule, MetricRules
from reliakit.rollouts.durations import Durations
from reliakit.rollouts.served import Served

__all__ = ["Slice", "bad_requests", "sliced"]


@dataclass(frozen=True, slots=True)
class Slice:
    """The blocks of one locality, all over the same requests.

    Attributes:
        errors: with one error for each client and incident.
        client_errors: likewise; None where they were too many to count.
        durations: of both slots.
        metrics: a block for each business metric, in which an "error" is what should not happen.
    """

    errors: Block
    client_errors: Block | None
    durations: Durations
    metrics: Mapping[str, Block] = field(default_factory=dict)


def sliced(
    canary: Served,
    stable: Served,
    errors: tuple[int, int],
    client_errors: tuple[int, int] | None,
    metrics: Sequence[MetricRules],
) -> Slice:
    """Returns the slice of what both slots served; errors are those of canary and stable, after deduplication."""
    return Slice(
        _block(canary, stable, errors),
        None if client_errors is None else _block(canary, stable, client_errors),
        Durations(canary.bins, stable.bins),
        {each.name: _block(canary, stable, (_bad(canary, each), _bad(stable, each))) for each in metrics},
    )


def _block(canary: Served, stable: Served, errors: tuple[int, int]) -> Block:
    n_c, n_s = canary.requests, stable.requests
    return Block(n_c, n_s, min(errors[0], n_c), min(errors[1], n_s))


def _bad(served: Served, metric: MetricRules) -> int:
    reported = min(served.metrics.get(metric.name, 0), served.requests)
    return reported if metric.better is Better.LOWER else served.requests - reported


def bad_requests(served: Served, rule: GuardRule, metrics: Sequence[MetricRules]) -> tuple[int, int]:
    """Returns the requests that a guard looks at, and how many of them are bad."""
    if rule.metric == "errors":
        return served.requests, served.outcomes[Outcome.ERROR]
    if rule.metric == "client_errors":
        return served.requests, served.outcomes[Outcome.CLIENT_ERROR]
    if rule.metric == "latency":
        edge = rule.slower_than_bin
        return sum(served.bins.values()), sum(count for number, count in served.bins.items() if number > edge)
    known = next((each for each in metrics if each.name == rule.metric), None)
    bad = served.metrics.get(rule.metric, 0) if known is None else _bad(served, known)
    return served.requests, min(bad, served.requests)
