"""`reliakit metrics`: what all workers have counted together, for a Prometheus or a pipe."""

from collections.abc import Mapping
from pathlib import Path

import click

from reliakit.cli.options import place
from reliakit.cli.shared import Shared, share
from reliakit.clock import SYSTEM
from reliakit.definitions.rollouts import rollout_definition
from reliakit.rollouts.definition import RolloutDefinition
from reliakit.runtime.exposing import Exposer

__all__ = ["command", "exposed"]


@click.command("metrics")
@place
def command(file: Path, url: str | None) -> None:
    """Print what all workers have counted together, as OpenMetrics.

    The same as the app of `kit.metrics_asgi()` and `kit.metrics_wsgi()` shows, for where none can be mounted: a cron job that writes it for the textfile collector of a node exporter, for example.

    \b
    Examples:
      reliakit metrics > /var/lib/node_exporter/reliakit.prom
      reliakit metrics --store redis://cache:6379/0 | grep rollout_weight
    """
    click.echo(exposed(file, url), nl=False)


def exposed(file: Path, url: str | None) -> str:
    """Returns what all workers have counted together, as OpenMetrics; raises as `share` does."""
    return share(file, url, _text, optional=True)


async def _text(shared: Shared) -> str:
    return await Exposer(shared.store, lambda: _judged(shared), SYSTEM).text()


def _judged(shared: Shared) -> Mapping[str, RolloutDefinition]:
    sections = shared.definitions.rollouts if shared.definitions else {}
    found = {name: rollout_definition(name, section) for name, section in sections.items()}
    return {name: each for name, each in found.items() if each is not None}
