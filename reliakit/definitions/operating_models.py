"""What users write about where shared state lives and who is told what happens."""

from typing import Literal

from reliakit.definitions.basics import Address, Key, Model, Secret, Webhook

__all__ = ["EventName", "NotifySection", "StoreSection"]

EventName = Literal[
    "started",
    "advanced",
    "promoted",
    "paused",
    "resumed",
    "rolled_back",
    "aborted",
    "inconclusive",
    "error",
    "config_rejected",
    "detected",
    "failed_over",
    "failed_back",
    "hook_failed",
]


class StoreSection(Model, frozen=True):
    """A store by its address, the namespace in it, and whether its tables are brought up to date when needed.

    Attributes:
        url: its address: `sqlite`, `memory`, `sqlite:///path`, `redis://…`, `rediss://…`, `unix://…`,
            `redis+sentinel://…`, `redis+cluster://…` or `postgresql://…`.
        namespace: keeps several applications apart in one server.
        auto_migrate: false leaves the tables to whoever runs what `reliakit store migrate --sql` prints;
            PostgreSQL only.
    """

    url: Address
    namespace: Key | None = None
    auto_migrate: bool = True


class NotifySection(Model, frozen=True):
    """Whom to tell of which events; with a secret, what is sent is signed.

    Attributes:
        webhook: the URL that is posted to. Read it from the environment, since it often holds a token.
        secret: signs what is sent, as Standard Webhooks has it.
        on: the events that are told.
    """

    webhook: Webhook
    secret: Secret | None = None
    on: tuple[EventName, ...] = (
        "rolled_back",
        "inconclusive",
        "error",
        "config_rejected",
        "failed_over",
        "hook_failed",
    )
