"""What users write about how the requests to an upstream are shared, repeated, limited and copied."""

from typing import Annotated, Literal

from msgspec import Meta

from reliakit.definitions.basics import Key, Model, Percentage, Text
from reliakit.definitions.quantities import Duration

__all__ = ["LimitsSection", "MirrorSection", "PrioritiesSection", "RetriesSection"]

AtOnce = Annotated[int, Meta(ge=0, le=1_000_000, description="a whole number, 0 or more")]


class PrioritiesSection(Model, frozen=True):
    """Which endpoints get the requests, and where these go as endpoints fail.

    Attributes:
        prefer: which endpoints come first: those in our own zone and then those in our region, or all those in our
            region alike. `nothing` goes by the priorities of the endpoints alone. Where `node` says no region,
            nothing is preferred.
        overprovisioning_factor: a level sends requests to the next one when its healthy share times this is below 1.
        panic_threshold: percent of healthy endpoints in a level below which all of them are asked, as better than
            none; 0 never does so.
        min_cluster_size: healthy endpoints in a level from which on its zones are told apart, so that requests stay
            in our own zone as far as that leaves all endpoints with the same load.
    """

    prefer: Literal["nothing", "region", "zone"] = "region"
    overprovisioning_factor: Annotated[
        float, Meta(ge=1, le=100, description="a number of 1 or more, such as 1.4")
    ] = 1.4
    panic_threshold: Percentage = 50
    min_cluster_size: Annotated[int, Meta(ge=1, description="a whole number of endpoints, 1 or more")] = 6


class RetriesSection(Model, frozen=True):
    """Which requests are sent to another endpoint after one has failed.

    Those are only that mean the same twice (GET, HEAD, OPTIONS, TRACE, PUT, DELETE), and any others of which not a byte
    was sent; none whose answer has begun, and none whose body is longer than what was kept of it.

    Attributes:
        attempts: for one request, the first included; 1 repeats none. A zone or region where it was not tried yet gets
            one more.
        statuses: answers that count as none, status codes or ranges of them.
        budget: percent of the requests in flight that may be repeats.
        minimum: repeats in flight that are always allowed.
        base: the longest pause before the first repeat; pauses are random and grow.
        max: the longest pause of all.
        wait: how long a repeat waits for room in the budget.
        body: bytes of a body that are kept to be sent again.
    """

    attempts: Annotated[int, Meta(ge=1, le=10, description="a whole number from 1 to 10")] = 2
    statuses: tuple[Text | int, ...] = (502, 503, 504)
    budget: Percentage = 20
    minimum: AtOnce = 3
    base: Duration = "25ms"
    max: Duration = "250ms"
    wait: Duration = "1s"
    body: Annotated[int, Meta(ge=0, le=16_777_216, description="a whole number of bytes")] = 65_536


class LimitsSection(Model, frozen=True):
    """How much each worker asks of an upstream at once. What is beyond is answered with 503, at once.

    Attributes:
        connections: that are in use, of all endpoints together.
        pending: requests that wait for a connection, since `pool.connections` of their endpoint are in use.
        requests: in flight, with those that wait.
    """

    connections: AtOnce = 1024
    pending: AtOnce = 1024
    requests: AtOnce = 1024


class MirrorSection(Model, frozen=True):
    """Copies of requests to another upstream, whose answers nobody reads.

    A copy carries the header `x-reliakit-mirror`. It never delays the request that it is of, and changes nothing about
    its answer; what can't be sent is dropped.

    Attributes:
        to: the upstream, which is elsewhere too.
        percentage: of the requests that are copied.
        most: copies in flight in each worker; more are dropped.
        body: bytes of a body that is still copied. Longer ones, and those of unknown length, are not.
    """

    to: Key
    percentage: Percentage = 100
    most: Annotated[int, Meta(ge=1, le=10_000, description="a whole number, 1 or more")] = 64
    body: Annotated[int, Meta(ge=0, le=16_777_216, description="a whole number of bytes")] = 65_536
