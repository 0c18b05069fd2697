"""A running app follows its definitions, and keeps what was good through everything that is not."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reliakit import ConfigurationError, Reliakit
from reliakit.sources.file import FileSource
from tests.kit.files import edit
from tests.servers.serving import until

GOOD = """\
format: 1
flags:
  old: {percentage: 100}
  new: {percentage: 0}
  banner: {variants: {plain: "#444", loud: "#f60"}, otherwise: plain}
"""
CHANGED = GOOD.replace("new: {percentage: 0}", "new: {percentage: 100}")
ONE_WRONG = CHANGED.replace("old: {percentage: 100}", "old: {percentage: lots}")


@pytest.fixture
def kit(path: Path, source: FileSource, kit_of: Callable[..., Reliakit]) -> Reliakit:
    edit(path, GOOD)
    kit = kit_of(source)
    assert on(kit) == {"old"}
    return kit


def on(kit: Reliakit) -> set[str]:
    return {key for key in ("old", "new", "newer") if kit.enabled(key, "user-1")}


def problems(kit: Reliakit) -> list[str]:
    return [str(problem) for problem in kit.status().problems]


def test_an_edit_is_in_force_without_a_restart(kit: Reliakit, path: Path) -> None:
    """Otherwise a kill switch would need a deploy."""
    edit(path, CHANGED)
    until(lambda: on(kit) == {"old", "new"})
    assert problems(kit) == []


@pytest.mark.parametrize(
    "broken",
    [
        "format: 1\nflags: {old: {percentage: 100}, new: [}\n",
        "format: 1\nroutes: 7\n",
        "format: 2\n",
        "- a list\n",
        "\t\n",
        "format: 1\nbogus: 1\n" + GOOD.partition("\n")[2],
    ],
)
def test_what_was_good_stays_in_force_until_the_document_is_mended(
    kit: Reliakit, path: Path, broken: str
) -> None:
    """Otherwise a slip of the keyboard would turn all flags off."""
    edit(path, broken)
    until(lambda: problems(kit))
    assert on(kit) == {"old"}
    assert kit.value("banner", "none") == "#444"
    assert str(path) in problems(kit)[0]
    edit(path, CHANGED)
    until(lambda: not problems(kit))
    assert on(kit) == {"old", "new"}


def test_one_invalid_flag_keeps_its_last_good_form_and_its_siblings_change(kit: Reliakit, path: Path) -> None:
    """Otherwise one team's slip would hold up, or break, everybody else's flags."""
    edit(path, ONE_WRONG)
    until(lambda: on(kit) == {"old", "new"})
    (problem,) = problems(kit)
    assert problem.startswith(f"{path}:3: flags.old.percentage: ")


def test_a_new_flag_that_is_invalid_is_absent_and_told(kit: Reliakit, path: Path) -> None:
    """Otherwise a flag nobody has described would be on or off by chance."""
    edit(path, CHANGED + "  newer: {percentage: 101}\n")
    until(lambda: on(kit) == {"old", "new"})
    assert [problem.split(": ")[1] for problem in problems(kit)] == ["flags.newer.percentage"]
    assert kit.evaluate("newer", user="user-1").error_code == "FLAG_NOT_FOUND"


def test_a_flag_that_is_taken_out_is_gone(kit: Reliakit, path: Path) -> None:
    """Otherwise flags could never be cleaned up."""
    edit(path, "format: 1\nflags: {new: {percentage: 100}}\n")
    until(lambda: on(kit) == {"new"})
    assert kit.status().flags == 1


def test_a_file_that_is_gone_changes_nothing(kit: Reliakit, path: Path) -> None:
    """Otherwise a deployment tool that replaces the file in two steps would turn all flags off in between."""
    path.unlink()
    edit(path, CHANGED)
    until(lambda: on(kit) == {"old", "new"})


def test_status_tells_what_is_in_force_and_what_is_against_it(
    path: Path, source: FileSource, kit_of: Callable[..., Reliakit]
) -> None:
    """Otherwise nobody could tell a worker that is behind from one that is not."""
    edit(path, "revision: r1\n" + GOOD)
    kit = kit_of(source)
    assert not kit.status().engine
    kit.enabled("old", "user-1")
    first = kit.status()
    assert (first.source, first.revision, first.flags, first.rollouts) == (str(path), "r1", 3, 0)
    assert (first.problems, first.overrides, first.reload_failures, first.engine) == ((), (), 0, True)
    assert 0 <= first.age < 60
    edit(path, "revision: r2\n" + ONE_WRONG)
    until(lambda: kit.status().reload_failures == 1)
    assert kit.status().revision == "r2"
    with kit.override({"old": False}):
        assert kit.status().overrides == ("old",)


def test_the_log_tells_each_difference_once_for_each_content(
    kit: Reliakit, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Otherwise nobody could tell when a flag changed, or everybody would be told at every look."""
    with caplog.at_level(logging.INFO, "reliakit"):
        edit(path, CHANGED)
        until(lambda: on(kit) == {"old", "new"})
        edit(path, CHANGED + "# a comment\n")
        edit(path, CHANGED + "  newer: {}\n")
        until(lambda: on(kit) == {"old", "new", "newer"})
        until(lambda: len(caplog.messages) >= 2)
    assert [message.partition(": ")[0] for message in caplog.messages] == ["definitions changed"] * 2
    assert "new: 0 % -> 100 %" in caplog.messages[0]
    assert "newer" in caplog.messages[1]


def test_the_log_tells_a_problem_once_and_when_it_is_over(
    kit: Reliakit, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Otherwise a log would fill up, or say nothing of the end."""
    with caplog.at_level(logging.INFO, "reliakit"):
        edit(path, GOOD + "bogus: 1\n")
        until(lambda: kit.status().reload_failures == 1)
        edit(path, GOOD + "bogus: 1\n# touched\n")
        until(lambda: kit.status().reload_failures == 2)
        edit(path, GOOD)
        until(lambda: not problems(kit))
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 3
    assert "bogus" in told[0]
    assert told[1:] == [
        f"{path} is not in force as it stands: what was good before stays",
        f"{path} is in force again as it stands",
    ]


def test_an_app_does_not_start_on_a_missing_file(tmp_path: Path) -> None:
    """Otherwise a path with a typing error would mean an app without flags."""
    missing = tmp_path / "reliakit.yml"
    with pytest.raises(ConfigurationError) as failed:
        Reliakit(missing)
    assert str(missing) in str(failed.value)
    assert "No such file" in str(failed.value)


def test_every_problem_is_told_at_start(path: Path) -> None:
    """Otherwise mending a file would take as many starts as it has mistakes."""
    edit(path, GOOD.replace("100", "lots").replace("percentage: 0", "percentage: -1") + "bogus: 1\n")
    with pytest.raises(ConfigurationError) as failed:
        Reliakit(path)
    assert len(failed.value.problems) == 3
    assert all(str(path) in str(problem) for problem in failed.value.problems)


@pytest.mark.parametrize(
    "failure",
    [OSError("no route"), ValueError(), RecursionError(), AssertionError("x"), KeyError(1), MemoryError()],
    ids=repr,
)
def test_a_source_may_raise_anything_and_comes_back(kit_of: Callable[..., Reliakit], failure: Any) -> None:
    """Otherwise an hour without the flags database would last until the next restart."""
    source = Shaky()
    kit = kit_of(source)
    source.fails = failure
    assert kit.enabled("old", "user-1")
    assert kit.status().engine
    (problem,) = problems(kit)
    assert problem.startswith("shaky")
    source.text = CHANGED
    source.fails = None  # and tells nobody: it has to be asked
    until(lambda: on(kit) == {"old", "new"})
    assert problems(kit) == []


class Shaky:
    """A third party's source."""

    name = "shaky"
    keep_copy = False

    def __init__(self) -> None:
        self.text = GOOD
        self.fails: BaseException | None = None

    async def load(self) -> Any:
        from reliakit.sources.protocol import Content

        if self.fails is not None:
            raise self.fails
        return Content(self.name, self.text.encode(), "yaml")

    async def changes(self) -> Any:
        import asyncio

        await asyncio.Event().wait()
        yield


class Forgetful(Shaky):
    """Its watch fails again and again, or ends, which it never should."""

    def __init__(self, ending: Exception | None) -> None:
        super().__init__()
        self.ending = ending

    async def changes(self) -> Any:
        if self.ending is not None:
            raise self.ending
        return
        yield


@pytest.mark.parametrize("ending", [None, ConnectionError("reset"), SystemExit(3)], ids=repr)
def test_a_watch_that_breaks_is_taken_up_again(kit_of: Callable[..., Reliakit], ending: Any) -> None:
    """Otherwise one lost connection would end all updates of a process."""
    source = Forgetful(ending)
    kit = kit_of(source)
    assert on(kit) == {"old"}
    source.text = CHANGED
    until(lambda: on(kit) == {"old", "new"})


def test_a_watch_that_cannot_even_begin_still_gives_what_is_there(kit_of: Callable[..., Reliakit]) -> None:
    """Otherwise a source that can't be watched could not be used."""

    class Blind(Shaky):
        def changes(self) -> Any:
            raise NotImplementedError

    source = Blind()
    kit = kit_of(source)
    source.text = CHANGED
    assert on(kit) == {"old", "new"}
    source.text = GOOD
    until(lambda: on(kit) == {"old"})
