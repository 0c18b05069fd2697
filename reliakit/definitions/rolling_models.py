"""What users write about rolling replacement: how the endpoints of an upstream are replaced, a few at a time."""

from typing import Annotated, Literal

from msgspec import Meta

from reliakit.definitions.basics import Model
from reliakit.definitions.hook_models import SharedHookSection
from reliakit.definitions.quantities import Duration, Percent, Ratio

__all__ = ["RollingErrorSection", "RollingSection"]

Some = Annotated[int, Meta(ge=0, le=10_000, description="a whole number of endpoints, 0 or more")]
Enough = Annotated[int, Meta(ge=0, le=1_000_000_000, description="a whole number of requests, 0 or more")]


class RollingErrorSection(Model, frozen=True):
    """What is tolerated of the new ones before all are put back. Failed is what is answered with 5xx, or not at all.

    Attributes:
        tolerate: put back is what fails more often than so many times as those not yet replaced; from 1x to 16x.
        floor: and is shown to fail more often than this, too; above 0% and below 12.5%.
    """

    tolerate: Ratio = "1.4x"
    floor: Percent = "1%"


class RollingSection(Model, frozen=True):
    """How the endpoints of an upstream are replaced, in the order in which they are written: each gets no more requests,
    is replaced by a hook once it is empty, becomes ready, warms up as `slow_start` says, and is watched for a while
    before the next one goes.

    Attributes:
        replace: makes what runs at an endpoint the new one. It runs once that is empty, and it may be run again.
        undo: makes it the old one again. What was replaced is put back in reverse order where the new ones fail.
        stop: stops what runs at a spare endpoint, which `replace` has started.
        max_unavailable: endpoints that may be missing at once.
        max_surge: spare endpoints that may serve at once, so that nothing is missing meanwhile. Those are the endpoints
            with `spare: true`.
        drain: how long requests in flight are waited for.
        ready: how long an endpoint may take to become ready.
        bake: how long a new one is watched before the next one goes.
        requests: that each new one has to have answered before that, too.
        error_rate: what of the new ones is tolerated; `off` for everything, as long as they are ready.
    """

    replace: SharedHookSection
    undo: SharedHookSection
    stop: SharedHookSection | None = None
    max_unavailable: Some = 1
    max_surge: Some = 0
    drain: Duration = "30s"
    ready: Duration = "60s"
    bake: Duration = "30s"
    requests: Enough = 0
    error_rate: Literal["off"] | RollingErrorSection = RollingErrorSection()
