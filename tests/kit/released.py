"""Kits whose rollouts are in the middle of a release, without a store that says so."""

from typing import Any

from reliakit import Reliakit
from reliakit.core.rollouts import Split
from reliakit.definitions.compile import compile_snapshot

__all__ = ["PRICING", "put", "rows"]

PRICING: dict[str, Any] = {
    "rollouts": {
        "pricing": {
            "slots": {"v1": {}, "v2": {}},
            "initial": "v1",
            "steps": [10, 50],
            "analysis": {"metrics": {"empty_cart": {}}, "guards": [{"error_rate": "5%", "for": "2m"}]},
        }
    }
}


def put(kit: Reliakit, **splits: Split) -> None:
    """Puts a state of rollouts in force."""
    kit.enabled("any")  # what the kit has to catch up with when it is first used must not come afterwards
    definitions = kit._keeper.state.definitions
    kit._runtime.swap(compile_snapshot(definitions, kit._runtime.tallies, splits=splits))


def rows(kit: Reliakit) -> dict[tuple[str, str, int], dict[str, int]]:
    """Returns what was recorded: (slot, assignment, release) -> outcome -> count, without zeros."""
    tallied: Any = kit._runtime.tallies.rows()
    found = {
        (slot, str(assignment), number): {kind.name: count for kind, count in row.outcomes().items() if count}
        for (_, slot, assignment, number, _), row in tallied.items()
    }
    return {name: row for name, row in found.items() if row}
