"""What becomes of replacements, for those who watch: counts, and events of OpenTelemetry."""

import asyncio
from functools import partial

from reliakit.core.counters import Counters, Met
from reliakit.failover.events import Event
from reliakit.telemetry.events import Told, emit

__all__ = ["happened"]


def happened(event: Event, counters: Counters) -> None:
    """Counts an event, and has OpenTelemetry log it: by the process that brought it about."""
    counters.add(Met(event.upstream, "rolling", event.what.value))
    attributes = {
        "reliakit.upstream.name": event.upstream,
        "reliakit.rolling.event": event.what.value,
        "reliakit.rolling.phase": event.after.lower(),
        "reliakit.actor.kind": event.actor.kind,
    }
    told = Told(f"reliakit.rolling.{event.what.value}", event.at, event.sentence, attributes)
    # In a thread: what an application has hung behind its logger may take as long as it likes.
    asyncio.get_running_loop().run_in_executor(None, partial(emit, told))
