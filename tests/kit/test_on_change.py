"""Programs that show flags hear of what changes, and of what is wrong."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from reliakit import Change, Evaluation, Reason, Reliakit
from reliakit.sources.file import FileSource
from tests.kit.files import edit
from tests.servers.serving import until
from tests.sources.flaky import FlakySource

GOOD = "format: 1\nrevision: r7\nflags: {a: {percentage: 0, owner: growth}, b: {}}\n"
CHANGED = GOOD.replace("percentage: 0", "percentage: 100")


@pytest.fixture
def kit(path: Path, source: FileSource, kit_of: Callable[..., Reliakit]) -> Reliakit:
    edit(path, GOOD)
    kit = kit_of(source)
    assert kit.enabled("b")
    return kit


def test_a_listener_hears_of_an_edit_once_it_is_in_force(kit: Reliakit, path: Path) -> None:
    """Otherwise whoever asks again at once gets the old answer."""
    heard: list[tuple[Change, bool]] = []
    kit.on_change(lambda change: heard.append((change, kit.enabled("a", "ann"))))
    edit(path, CHANGED)
    until(lambda: heard)
    assert heard == [(Change(frozenset("a"), (), None), True)]


def test_a_listener_hears_of_problems_and_that_they_are_over(kit: Reliakit, path: Path) -> None:
    """Otherwise a bad edit is in a log that nobody reads."""
    heard: list[Change] = []
    kit.on_change(heard.append)
    edit(path, GOOD.replace("percentage: 0", "percentage: lots"))
    until(lambda: heard)
    assert (heard[0].flags, heard[0].unread) == (frozenset(), None)
    assert "flags.a.percentage" in heard[0].problems[0]
    edit(path, GOOD)
    until(lambda: len(heard) == 2)
    assert heard[1] == Change(frozenset(), (), None)


def test_a_listener_hears_for_how_long_a_source_is_away(kit_of: Callable[..., Reliakit]) -> None:
    """Otherwise flags that can't change any more look as if nobody changed them."""
    source = FlakySource({"flags": {"a": {"percentage": 0}}})
    kit = kit_of(source)
    assert not kit.enabled("a", "ann")
    heard: list[Change] = []
    kit.on_change(heard.append)
    source.away = True
    source.set({"flags": {"a": {"percentage": 100}}})
    until(lambda: len(heard) > 1)
    waited = [change.unread for change in heard if change.unread is not None]
    assert waited[0] < waited[1]
    assert "away" in heard[1].problems[0]
    source.away = False
    until(lambda: heard[-1].unread is None)
    assert heard[-1] == Change(frozenset("a"), (), None)
    assert kit.enabled("a", "ann")


def test_one_listener_that_fails_keeps_nothing_from_the_others(
    kit: Reliakit, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Otherwise a mistake in one of them stops flags from being reloaded."""
    heard: list[Change] = []
    kit.on_change(lambda change: 1 / 0)
    end = kit.on_change(heard.append)
    with caplog.at_level(logging.ERROR, "reliakit"):
        edit(path, CHANGED)
        until(lambda: heard)
    assert "failed to hear of a change" in caplog.text
    end()
    edit(path, GOOD)
    until(lambda: not kit.enabled("a", "ann"))
    assert len(heard) == 1


def test_an_evaluation_says_whose_flag_it_is(kit: Reliakit) -> None:
    """Otherwise whoever sees an odd answer can't tell which definitions gave it, and whom to ask."""
    found = kit.evaluate("a", user="ann")
    assert found == Evaluation("a", False, "off", Reason.SPLIT)
    assert kit.evaluate("a", user="ann") is found
    assert found.metadata == {"owner": "growth", "version": "r7"}
    assert kit.evaluate("nowhere", user="ann").metadata == {}
