"""What users write about hooks: what somebody else does for us, a command or a webhook."""

from typing import Annotated

from msgspec import Meta

from reliakit.definitions.basics import Model, Secret, Text, Webhook
from reliakit.definitions.quantities import Duration

__all__ = ["Arguments", "HookSection", "SharedHookSection"]

Attempts = Annotated[int, Meta(ge=1, le=100, description="a whole number of attempts, from 1 to 100")]
Arguments = Annotated[
    tuple[Text, ...],
    Meta(min_length=1, description="a list of a program and its arguments such as [./replace.sh, --quick]"),
]


class SharedHookSection(Model, frozen=True):
    """What is run or called, by one worker of all. It may be asked for the same thing again, after a failure or a crash,
    and has to bear that.

    Attributes:
        command: a program and its arguments, run without a shell in the folder of the definitions. The environment
            tells it what for: RELIAKIT_UPSTREAM, RELIAKIT_TARGET, RELIAKIT_VERB, RELIAKIT_RUN, RELIAKIT_ATTEMPT and,
            where there is one, RELIAKIT_VERSION. It is done when it exits with 0.
        webhook: the URL that is posted to, in place of a command; it says the same in JSON, and is done when it is
            answered with 2xx.
        secret: signs what is posted, as Standard Webhooks has it.
        timeout: for one attempt; a command that takes longer is killed, with what it has started.
        attempts: how often it is tried.
    """

    command: Arguments | None = None
    webhook: Webhook | None = None
    secret: Secret | None = None
    timeout: Duration = "60s"
    attempts: Attempts = 3


class HookSection(SharedHookSection, frozen=True):
    """What is run or called. It may be asked for the same thing again, after a failure or a crash, and has to bear that.

    Attributes:
        command: a program and its arguments, run without a shell in the folder of the definitions. The environment
            tells it what for: RELIAKIT_UPSTREAM, RELIAKIT_TARGET, RELIAKIT_VERB, RELIAKIT_RUN and RELIAKIT_ATTEMPT. It
            is done when it exits with 0.
        webhook: the URL that is posted to, in place of a command; it says the same in JSON, and is done when it is
            answered with 2xx.
        secret: signs what is posted, as Standard Webhooks has it.
        timeout: for one attempt; a command that takes longer is killed, with what it has started.
        attempts: how often it is tried.
        alone: true lets each worker run it by itself while the store is gone, since it does no harm twice.
    """

    alone: bool = False
