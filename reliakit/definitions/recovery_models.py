"""What users write about the regions of an upstream: how they stand in for each other when one is lost."""

from typing import Annotated, Literal

from msgspec import Meta

from reliakit.definitions.basics import Model, Percentage, Requests, Text, Webhook
from reliakit.definitions.hook_models import Arguments, HookSection
from reliakit.definitions.quantities import Duration

__all__ = ["GateSection", "LagSection", "RecoverySection"]

Region = Annotated[str, Meta(min_length=1, max_length=63, description="the name of a region")]
Step = Annotated[float, Meta(gt=0, le=100, description="a percentage above 0, such as 10")]


class GateSection(Model, frozen=True):
    """What has to say yes before a region gets requests, beside its endpoints.

    Attributes:
        http: the URL that is asked; 2xx is a yes. `{region}` in it stands for the region. Without that, only the
            regions that stand by are asked about.
        command: a program and its arguments, in place of a URL; exit status 0 is a yes. The environment tells it what
            about: RELIAKIT_UPSTREAM and RELIAKIT_REGION.
        interval: from the end of one question to the next.
        timeout: for one answer.
    """

    http: Webhook | None = None
    command: Arguments | None = None
    interval: Duration = "5s"
    timeout: Duration = "2s"


class LagSection(Model, frozen=True):
    """How far a region's copy of the data is behind, in seconds: what would be lost if the traffic went there now.

    Attributes:
        http: the URL that is asked; it answers with a number. `{region}` in it stands for the region. Without that,
            the answer is about all regions that stand by.
        key: where the answer is a JSON object, which of its members is the number.
        command: a program and its arguments, in place of a URL; the last line that it prints is the number. The
            environment tells it what about: RELIAKIT_UPSTREAM and RELIAKIT_REGION.
        interval: from the end of one question to the next.
        timeout: for one answer.
    """

    http: Webhook | None = None
    key: Text | None = None
    command: Arguments | None = None
    interval: Duration = "5s"
    timeout: Duration = "2s"


class RecoverySection(Model, frozen=True):
    """How the regions of an upstream stand in for each other. The strategies are those of the AWS whitepaper on disaster
    recovery.

    Attributes:
        strategy: what the other regions do while nothing is wrong: they serve, as all do (`active_active`); they run,
            small or at full size, and serve nobody (`warm_standby`); only their data is there, and `prepare` starts
            the rest (`pilot_light`); or `prepare` restores a backup there first (`backup_restore`).
        regions: the primary first, then those that stand by, the first to be chosen first.
        rpo: the objective for data that may be lost; what `lag` measures at a failover is held against it.
        rto: the objective for the time from the first failed request to the first good one from elsewhere.
        lost_below: percent of endpoints that are well below which a region is lost.
        failing_above: percent of failed requests above which it is lost, whatever its endpoints say.
        requests: of a second, of all workers, below which their failures say nothing.
        well_above: percent of endpoints from which on it is well again. In between nothing changes.
        failing_below: percent of failed requests up to which it is well.
        detect: how long a region has to be lost before it is left, and well before a failover is called off.
        hold: between two moves of traffic that nobody has asked for.
        quiet: how long the primary has to be well before the traffic comes back. Default: it comes back by hand.
        steps: percent of the traffic on the way to another region, rising to 100. Where nothing is left of the one that
            is left, all goes at once.
        bake: how long each step lasts at least.
        deadline: for a region that was prepared, to become ready.
        drill: how long a drill stays away.
        prepare: makes a region that stands by able to serve.
        back: makes the primary able to take over again.
        after: runs once the traffic is back, to make smaller what stands by.
        lag: how far the data of a region is behind.
        gate: what has to say yes before a region gets requests.
    """

    strategy: Literal["active_active", "warm_standby", "pilot_light", "backup_restore"]
    regions: Annotated[
        tuple[Region, ...],
        Meta(min_length=1, description="a list of regions such as [eu, us], the primary first"),
    ]
    rpo: Duration | None = None
    rto: Duration | None = None
    lost_below: Percentage = 50
    failing_above: Percentage = 50
    requests: Requests = 10
    well_above: Percentage = 80
    failing_below: Percentage = 5
    detect: Duration = "10s"
    hold: Duration = "5m"
    quiet: Duration | None = None
    steps: tuple[Step, ...] = (10, 50, 100)
    bake: Duration = "10s"
    deadline: Duration = "10m"
    drill: Duration = "60s"
    prepare: HookSection | None = None
    back: HookSection | None = None
    after: HookSection | None = None
    lag: LagSection | None = None
    gate: GateSection | None = None
