"""What definitions must not say where no application is behind them, as in `reliakit serve`."""

from collections.abc import Iterator

from reliakit.definitions.models import Definitions
from reliakit.definitions.problems import Path, Problem, describe
from reliakit.definitions.upstreams import is_elsewhere

__all__ = ["gateway_problems"]


def gateway_problems(definitions: Definitions) -> Iterator[Problem]:
    """Yields what leads to an application in the process, and what is missing for any request to be passed on."""
    if not definitions.routes:
        hint = "add one: routes: [{path_prefix: /, upstream: shop}]"
        yield Problem((), "no route leads anywhere, so the gateway has nothing to pass on", hint)
    for path, upstream in _named(definitions):
        if upstream is not None and not is_elsewhere(definitions, upstream):
            message = f"{describe(upstream)} is an application in the same process, and the gateway has none"
            hint = "give it endpoints: upstreams: {shop: {endpoints: [{url: http://10.0.1.5:8000}]}}"
            yield Problem((*path, "upstream"), message, hint)


def _named(definitions: Definitions) -> Iterator[tuple[Path, str | None]]:
    for index, route in enumerate(definitions.routes):
        yield ("routes", index), route.upstream
    for name, rollout in definitions.rollouts.items():
        for slot, section in rollout.slots.items():
            yield ("rollouts", name, "slots", slot), section.upstream
