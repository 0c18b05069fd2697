"""Handlers of the SDK learn of changes, of definitions that are refused, and of those that can't be read."""

from collections.abc import Callable
from typing import Any

import pytest
from openfeature import api
from openfeature.evaluation_context import EvaluationContext
from openfeature.event import EventDetails, ProviderEvent
from openfeature.exception import ErrorCode
from openfeature.provider import ProviderStatus

from reliakit import Reliakit
from reliakit_openfeature import ReliakitProvider
from tests.servers.serving import until
from tests.sources.flaky import FlakySource

Told = list[tuple[str, EventDetails]]
BEFORE: dict[str, Any] = {
    "segments": {"staff": {"email": {"ends_with": "@example.com"}}},
    "flags": {
        "a": {"percentage": 10},
        "b": {"rules": [{"if": {"segment": "staff"}}]},
        "c": {"prerequisites": ["b"]},
        "d": {},
    },
}


@pytest.fixture
def source() -> FlakySource:
    return FlakySource(BEFORE)


@pytest.fixture
def told(source: FlakySource, kit_of: Callable[..., Reliakit]) -> Told:
    found: Told = []
    for event in ProviderEvent:
        api.add_handler(event, noting(event, found))
    api.set_provider_and_wait(ReliakitProvider(kit_of(source), stale_after=0.0))
    until(
        lambda: names(found).count("PROVIDER_READY") == 2
    )  # the provider that was there before had been ready
    found.clear()
    return found


def noting(event: ProviderEvent, told: Told) -> Callable[[EventDetails], None]:
    return lambda details: told.append((event.value, details))


def names(told: Told) -> list[str]:
    return [name for name, _ in told]


def changed(**flags: Any) -> dict[str, Any]:
    return {**BEFORE, "flags": {**BEFORE["flags"], **flags}}


def status() -> ProviderStatus:
    return api.get_client().get_provider_status()


def test_a_change_names_the_flags_that_changed(told: Told, source: FlakySource) -> None:
    """Otherwise a page that is open shows what was in force when it was loaded."""
    source.set(changed(a={"percentage": 20}, e={}))
    until(lambda: told)
    ((name, details),) = told
    assert name == "PROVIDER_CONFIGURATION_CHANGED"
    assert details.flags_changed == ["a", "e"]
    assert details.provider_name == "reliakit"


def test_a_change_names_the_flags_that_lean_on_what_changed(told: Told, source: FlakySource) -> None:
    """Otherwise an edit of a segment reaches nobody who watches the flags that use it."""
    source.set({**BEFORE, "segments": {"staff": {"email": {"ends_with": "@example.org"}}}})
    until(lambda: told)
    assert told[0][1].flags_changed == ["b", "c"]


def test_refused_definitions_are_an_error_until_they_are_mended(told: Told, source: FlakySource) -> None:
    """Otherwise a bad edit goes unnoticed, since everything answers as before."""
    source.set(changed(a={"percentage": "lots"}))
    until(lambda: told)
    ((name, details),) = told
    assert (name, details.error_code) == ("PROVIDER_ERROR", ErrorCode.PARSE_ERROR)
    assert "percentage" in str(details.message)
    assert status() is ProviderStatus.ERROR
    assert api.get_client().get_boolean_value("d", False) is True
    source.set(BEFORE)
    until(lambda: status() is ProviderStatus.READY)
    assert names(told) == ["PROVIDER_ERROR", "PROVIDER_READY"]


def test_other_problems_are_told_too(told: Told, source: FlakySource) -> None:
    """Otherwise whoever mends one of them thinks that it is done."""
    source.set(changed(a={"percentage": "lots"}))
    until(lambda: len(told) == 1)
    source.set(changed(d={"percentage": "lots"}))
    until(lambda: len(told) == 2)
    assert names(told) == ["PROVIDER_ERROR", "PROVIDER_ERROR"]
    assert "flags.d" in str(told[1][1].message)


def test_definitions_that_cant_be_read_are_stale_until_they_can(told: Told, source: FlakySource) -> None:
    """Otherwise a kill switch that never arrives looks like one that was never thrown."""
    source.away = True
    source.set(changed(a={"percentage": 20}))
    until(lambda: told)
    assert names(told) == ["PROVIDER_STALE"]
    assert "the place is away" in str(told[0][1].message)
    assert status() is ProviderStatus.STALE
    source.away = False
    until(lambda: status() is ProviderStatus.READY)
    until(lambda: len(told) == 3)
    assert set(names(told)[1:]) == {"PROVIDER_READY", "PROVIDER_CONFIGURATION_CHANGED"}


def test_a_short_absence_is_no_news(source: FlakySource, kit_of: Callable[..., Reliakit]) -> None:
    """Otherwise every restart of a server of definitions is an alarm."""
    found: Told = []
    api.set_provider_and_wait(ReliakitProvider(kit_of(source), stale_after=3600.0))
    for event in ProviderEvent:
        api.get_client().add_handler(event, noting(event, found))
    source.away = True
    source.set(BEFORE)
    until(lambda: source.tried > 1)
    source.away = False
    source.set(changed(a={"percentage": 20}))
    until(lambda: "PROVIDER_CONFIGURATION_CHANGED" in names(found))
    assert set(names(found)) == {"PROVIDER_READY", "PROVIDER_CONFIGURATION_CHANGED"}


def test_after_its_shutdown_a_provider_tells_nothing(told: Told, source: FlakySource, kit_of: Any) -> None:
    """Otherwise handlers hear of flags that nobody is asked about any more."""
    kit = kit_of(source)
    heard: list[Any] = []
    provider = ReliakitProvider(kit)
    provider.attach(lambda *args: heard.append(args))
    provider.initialize(EvaluationContext())
    provider.shutdown()
    assert kit.status().engine is False
    kit.enabled("a", "ann")  # wakes it again
    source.set(changed(a={"percentage": 100}))
    until(lambda: kit.enabled("a", "ann"))
    assert heard == []
