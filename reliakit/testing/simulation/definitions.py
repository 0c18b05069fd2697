"""What the simulated fleets are told to do: files as users write them, loaded as they load them."""

from dataclasses import dataclass
from functools import lru_cache

from reliakit.definitions.documents import read, run
from reliakit.definitions.loading import load
from reliakit.definitions.models import Definitions
from reliakit.definitions.rollouts import rollout_definition
from reliakit.errors import ConfigurationError
from reliakit.rollouts.definition import RolloutDefinition

__all__ = ["ROLLOUT", "SLOTS", "Edition", "edition", "ladders"]

ROLLOUT = "shop"
SLOTS = ("blue", "green")
_HEAD = """
format: 1
upstreams: {shop-v2: in_process}
rollouts:
  shop:
    slots: {blue: {upstream: app}, green: {upstream: shop-v2}}
    initial: blue
    rollback_window: 15s
"""
_LADDERS = {
    "steep": """
    steps: [20, 50]
""",
    "gentle": """
    steps: [5, {weight: 20, bake: 15s, requests: 500}, 50]
    analysis: {latency: {tolerate: 20%, margin: 50%}}
""",
    "gated": """
    steps: [10, {weight: 25, pause: 5s}, {weight: 50, gate: manual}]
    deadline: 45s
    analysis: {guards: [{error_rate: 30%, for: 5s}]}
""",
    "unsticky": """
    steps: [10, 40]
    sticky: none
    analysis: {error_rate: {tolerate: 1.4x, margin: 3x}}
""",
    "preview": """
    strategy: blue_green
    pre_promotion: {gate: auto, bake: 12s, requests: 50}
    post_promotion: {bake: 14s}
    analysis: {guards: [{error_rate: 10%, for: 3s}]}
""",
}


@dataclass(frozen=True, slots=True)
class Edition:
    """One content of the file, as a worker has read it."""

    definitions: Definitions
    rollout: RolloutDefinition


def ladders() -> tuple[str, ...]:
    """Returns the names of the ladders."""
    return tuple(_LADDERS)


@lru_cache
def edition(ladder: str, version: str, window: int = 15) -> Edition:
    """Returns a content of the file.

    Args:
        ladder: its steps and how it is judged.
        version: of the release that it asks for.
        window: seconds of the rollback window; another one makes it another content.

    Raises:
        ConfigurationError: it has problems.
    """
    head = _HEAD.replace("15s", f"{window}s")
    text = f"{head}    release: {{to: green, version: '{version}'}}{_LADDERS[ladder]}"
    document, problems = run(read(text, "simulated.yaml"))
    loaded = run(load(document, {}, None, problems)) if document else None
    if loaded is None or loaded.definitions is None or loaded.problems:
        raise ConfigurationError(loaded.problems if loaded else tuple(problems))
    rollout = rollout_definition(ROLLOUT, loaded.definitions.rollouts[ROLLOUT])
    assert rollout is not None
    return Edition(loaded.definitions, rollout)
