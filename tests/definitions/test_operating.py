"""Where shared state lives, and who is told: what may be written, and what is never shown."""

import pytest

from reliakit.definitions.models import NotifySection, StoreSection
from tests.definitions.loaded import definitions, problems


@pytest.mark.parametrize(
    "written",
    [
        "sqlite",
        "memory",
        "sqlite:///data/reliakit.db",
        "redis://cache:6379/0",
        "rediss://:hunter2@cache",
        "unix:///run/redis.sock",
        "redis+sentinel://a:26379,b:26379/main",
        "redis+cluster://a:6379,b:6379",
        "postgresql:///reliakit",
    ],
)
def test_every_kind_of_store_can_be_named(written: str) -> None:
    """Otherwise somebody has to run a store that they don't have."""
    assert definitions(f'store: "{written}"').store == written
    assert definitions(f'store: {{url: "{written}"}}').store == StoreSection(written)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("sqlit", 'there is no store "sqlit" (did you mean "sqlite"?)'),
        ("postgres://db/a", 'there is no store "postgres" (write postgresql://…)'),
        ("valkey://db", 'there is no store "valkey" (Valkey speaks the protocol of Redis: write redis://…)'),
        ("redis", "expected an address such as redis://…, and nothing stands behind its //"),
        ("redis://", "expected an address such as redis://…, and nothing stands behind its //"),
        (
            "sqlite://data.db",
            "expected an address such as sqlite:///data/reliakit.db, and nothing stands behind its //",
        ),
    ],
)
def test_an_unknown_store_is_told_what_there_is(written: str, told: str) -> None:
    """Otherwise a worker runs alone, or not at all, and nobody knows why."""
    assert problems(f'store: "{written}"') == [f"2: store: {told}"]


@pytest.mark.parametrize(
    "text",
    [
        "store: mysql://shop:hunter2@db/shop",
        "store: hunter2",
        "store: {url: [hunter2]}",
        "notify: [{webhook: hooks.example.com/hunter2}]",
        "notify: [{webhook: https://hooks.example.com, secret: hunter2}]",
    ],
)
def test_no_password_is_shown(text: str) -> None:
    """Otherwise the log of a failed start holds the password of the database."""
    (told,) = problems(text)
    assert "hunter2" not in told


def test_whoever_is_told_of_nothing_in_particular_is_told_of_what_matters() -> None:
    """Otherwise a webhook is called for every step, or not for a rollback."""
    (whom,) = definitions("notify: [{webhook: https://hooks.example.com}]").notify
    assert whom == NotifySection("https://hooks.example.com")
    assert whom.on == (
        "rolled_back",
        "inconclusive",
        "error",
        "config_rejected",
        "failed_over",
        "hook_failed",
    )
