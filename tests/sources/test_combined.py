"""What sources made of others do when some of them fail, and whom their problems blame."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from reliakit import Reliakit
from reliakit.definitions.documents import run
from reliakit.definitions.loading import Loaded, load
from reliakit.errors import ConfigurationError, UsageError
from reliakit.sources.cached import Cached
from reliakit.sources.failover import Failover
from reliakit.sources.file import FileSource
from reliakit.sources.memory import MemorySource
from reliakit.sources.overlay import Overlay
from reliakit.sources.protocol import Content, Source, SourceError
from reliakit.sources.reading import read_content

Kits = Callable[..., Reliakit]


class Switched:
    """A source that can be made to fail or hang, and never tells."""

    keep_copy = True

    def __init__(self, name: str, state: str = "up") -> None:
        self.name, self.state, self.loads = name, state, 0

    async def load(self) -> Content:
        self.loads += 1
        if self.state == "hangs":
            await asyncio.Event().wait()
        if self.state == "raises":
            raise ZeroDivisionError
        if self.state == "down":
            raise SourceError(f"{self.name} is down")
        return Content(self.name, json.dumps({"format": 1, "revision": self.name}).encode(), "json")

    async def changes(self) -> AsyncIterator[None]:
        await asyncio.Event().wait()
        yield


def loaded(source: Source, environ: dict[str, str] | None = None) -> Loaded:
    document, problems = run(read_content(asyncio.run(source.load())))
    return run(load(document, environ or {}, found=problems)) if document else Loaded(None, tuple(problems))


@pytest.mark.parametrize("state", ["down", "hangs", "raises"])
def test_whatever_befalls_the_first_the_next_is_read(state: str) -> None:
    """Otherwise a second place for the definitions would help only with the faults that somebody foresaw."""
    source = Failover(Switched("a", state), Switched("b"), within=0.05)
    assert asyncio.run(source.load()).name == "b"


def test_where_none_answers_every_reason_is_told() -> None:
    """Otherwise people would mend the last one, and wonder about the first."""
    source = Failover(Switched("a", "down"), Switched("b", "hangs"), Switched("c", "raises"), within=0.05)
    with pytest.raises(
        SourceError, match=r"a is down; b did not answer within 0.05 s; c failed: ZeroDivision"
    ):
        asyncio.run(source.load())


def test_the_first_is_read_again_when_it_is_back() -> None:
    """Otherwise a minute's failure would keep a process on the spare document until it ends."""
    first = Switched("a", "down")
    source = Failover(first, Switched("b"), within=1, back=0.01)

    async def work() -> list[str]:
        names = [(await source.load()).name]
        changes = source.changes()
        await anext(changes)
        first.state = "up"
        await anext(changes)
        names.append((await source.load()).name)
        waiting = asyncio.ensure_future(anext(changes))
        done, _ = await asyncio.wait([waiting], timeout=0.1)
        assert not done, "on the first, there is nothing to come back to"
        waiting.cancel()
        await asyncio.wait([waiting])
        return names

    assert asyncio.run(work()) == ["b", "a"]


def test_a_failover_of_nothing_is_refused() -> None:
    """Otherwise a list that came out empty would be noticed by its missing flags."""
    with pytest.raises(UsageError):
        Failover()


def test_a_process_starts_without_its_sources_on_the_last_good_copy(kit_of: Kits) -> None:
    """Otherwise a worker that is born while the network is away would know no flags."""
    sources = [Switched("a"), Switched("b")]
    assert kit_of(Failover(*sources)).revision == "a"
    for source in sources:
        source.state = "down"
    kit = kit_of(Failover(*sources))
    assert kit.revision == "a"
    assert "a is down; b is down" in str(kit.status().problems[0])


def test_a_cache_spares_its_source_and_not_its_failures() -> None:
    """Otherwise it would ask as often as without, or keep a failure that is over."""
    inner = Switched("a", "down")
    source = Cached(inner, 60)

    async def work() -> None:
        with pytest.raises(SourceError):
            await source.load()
        inner.state = "up"
        for _ in range(5):
            await source.load()

    asyncio.run(work())
    assert inner.loads == 2


def test_what_was_read_before_a_change_is_not_kept_after_it() -> None:
    """Otherwise an edit during a slow load would be hidden for as long as the cache keeps."""
    inner, gate = MemorySource({"revision": "old"}), asyncio.Event()

    class Slow(MemorySource):
        async def load(self) -> Content:
            content = await inner.load()
            await gate.wait()
            return content

    slow = Slow({})
    slow.changes = inner.changes  # type: ignore[method-assign]
    source = Cached(slow, 60)

    async def work() -> bytes:
        changes = source.changes()
        loading = asyncio.ensure_future(source.load())
        await asyncio.sleep(0)
        inner.set({"revision": "new"})
        await anext(changes)
        gate.set()
        await loading
        return (await source.load()).text

    assert b"new" in asyncio.run(work())


BASE = """\
format: 1
segments:
  staff: {email: {ends_with: "@example.com"}}
flags:
  checkout:
    description: Two steps
    rules:
      - if: {plan: pro}
        percentage: 50
    percentage: 10
  banner:
    variants: {plain: a, loud: b}
    split: {plain: 90, loud: 10}
"""


def overlaid(tmp_path: Path, over: str, base: str = BASE) -> Overlay:
    (tmp_path / "base.yaml").write_text(base)
    (tmp_path / "production.toml").write_text(over)
    return Overlay(
        FileSource(tmp_path / "base.yaml", settle=0), FileSource(tmp_path / "production.toml", settle=0)
    )


def test_an_environment_changes_a_field_and_keeps_the_rest(tmp_path: Path, kit_of: Kits) -> None:
    """Otherwise every environment would have to repeat a flag to change its percentage."""
    kit = kit_of(overlaid(tmp_path, "flags.checkout.percentage = 100\nflags.more.otherwise = true\n"))
    assert kit.enabled("checkout", "anybody", context={"plan": "free"})
    assert kit.enabled("more", "anybody")
    found = loaded(overlaid(tmp_path, "flags.checkout.percentage = 100\n")).definitions
    assert found is not None
    assert found.flags["checkout"].description == "Two steps"
    assert len(found.flags["checkout"].rules) == 1


def test_a_field_is_replaced_whole(tmp_path: Path) -> None:
    """Otherwise a split would add up to what nobody wrote, and a rule could not be taken out."""
    found = loaded(overlaid(tmp_path, "flags.banner.split = {loud = 100}\nflags.checkout.rules = []\n"))
    assert found.problems == ()
    assert found.definitions is not None
    assert found.definitions.flags["banner"].split == {"loud": 100}
    assert found.definitions.flags["checkout"].rules == ()


def test_a_segment_is_replaced_whole(tmp_path: Path) -> None:
    """Otherwise a segment would ask for both conditions, and so mean fewer people than either document says."""
    found = loaded(overlaid(tmp_path, 'segments.staff = {country = "NZ"}\n'))
    assert found.definitions is not None
    assert set(found.definitions.segments["staff"]) == {"country"}


@pytest.mark.parametrize(
    ("over", "expected"),
    [
        ("flags.checkout.percentage = 300\n", [r"production\.toml:1: flags\.checkout\.percentage"]),
        ("\n\nflags.checkout.prcentage = 3\n", [r"production\.toml:3: flags\.checkout\.prcentage"]),
        ("flags.checkout.percentage = 'env:GONE'\n", [r"production\.toml:1: .*GONE"]),
        ("flags.checkout.rules = [{if = {segment = 'stuff'}}]\n", [r"production\.toml:1: flags\.checkout\.rules\[0\]"]),
        ("flags.banner.split = {laud = 100}\n", [r"production\.toml:1: flags\.banner\.split"]),
        ("segments.staff = 3\n", [r"production\.toml:1: segments\.staff"]),
        ("format = \n", [r"production\.toml:1"]),
    ],
)  # fmt: skip
def test_a_problem_of_the_overlay_names_its_file_and_line(
    tmp_path: Path, over: str, expected: list[str]
) -> None:
    """Otherwise people would search the base for what stands in the environment's file."""
    problems = [str(problem) for problem in loaded(overlaid(tmp_path, over)).problems]
    assert problems
    for each in expected:
        assert any(re.search(each, problem) for problem in problems), problems
    assert not any("base.yaml" in problem for problem in problems)


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        (("percentage: 10", "percentage: 300"), r"base\.yaml:10: flags\.checkout\.percentage"),
        (("plan: pro", "segment: stuff"), r"base\.yaml:8: flags\.checkout\.rules\[0\]"),
        (("loud: 10", "laud: 10"), r"base\.yaml:13: flags\.banner\.split"),
        (("percentage: 50", "percentage:"), r"base\.yaml:9: flags\.checkout\.rules\[0\]"),
        (("format: 1", "format: 1\nformat: 1"), r"base\.yaml:2: format"),
        (("plain: a", "plain: env:GONE"), r"base\.yaml:12: .*GONE"),
    ],
)
def test_a_problem_of_the_base_names_its_file_and_line(
    tmp_path: Path, wrong: tuple[str, str], place: str
) -> None:
    """Otherwise people would search the environment's file for what stands in the base."""
    over = "flags.checkout.description = 'here'\nflags.banner.description = 'here'\n"
    problems = [str(problem) for problem in loaded(overlaid(tmp_path, over, BASE.replace(*wrong))).problems]
    assert any(re.search(place, problem) for problem in problems), problems
    assert not any("production.toml" in problem for problem in problems)


def test_what_an_overlay_replaces_blames_the_overlay_alone(tmp_path: Path) -> None:
    """Otherwise a mistake in a list would be shown in the list that it has replaced."""
    over = "\n[[flags.checkout.rules]]\nif = {segment = 'one'}\n[[flags.checkout.rules]]\nif = {segment = 'two'}\n"
    problems = [str(problem) for problem in loaded(overlaid(tmp_path, over)).problems]
    assert [re.sub(r".*/", "", problem).partition(": ")[0] for problem in problems] == [
        "production.toml:3",
        "production.toml:5",
    ]


def test_problems_of_both_are_told_at_once(tmp_path: Path, kit_of: Kits) -> None:
    """Otherwise mending one document would bring up the next problem."""
    base = BASE.replace("percentage: 10", "percentage: 300")
    with pytest.raises(ConfigurationError) as failed:
        kit_of(overlaid(tmp_path, "flags.banner.split = {laud = 100}\n", base))
    assert "base.yaml:10" in str(failed.value)
    assert "production.toml:1" in str(failed.value)


def test_nothing_after_a_key_takes_nothing_away(tmp_path: Path) -> None:
    """Otherwise `percentage:` in an overlay would open a flag to everybody."""
    (tmp_path / "over.yaml").write_text("flags:\n  checkout:\n    percentage:\n")
    (tmp_path / "base.yaml").write_text(BASE)
    found = loaded(
        Overlay(FileSource(tmp_path / "base.yaml", settle=0), FileSource(tmp_path / "over.yaml", settle=0))
    )
    assert [re.sub(r".*/", "", str(problem))[:60] for problem in found.problems] == [
        "over.yaml:3: flags.checkout.percentage: nothing is written h"
    ]


def test_a_bad_edit_of_either_leaves_what_was_good(tmp_path: Path, kit_of: Kits) -> None:
    """Otherwise a slip in one of the two would change flags that nobody touched."""
    source = overlaid(tmp_path, "flags.checkout.percentage = 100\n")
    assert kit_of(source).enabled("checkout", "anybody")
    (tmp_path / "production.toml").write_text("flags.checkout.percentage = 'all'\n")
    kit = kit_of(source)
    assert kit.enabled("checkout", "anybody")
    assert "production.toml:1" in str(kit.status().problems[0])


def test_the_workers_of_a_host_share_state_beside_the_base(tmp_path: Path) -> None:
    """Otherwise with a source around the file each worker would have a release of its own."""
    overlay = overlaid(tmp_path, "flags.checkout.percentage = 100\n")
    for source in (overlay, Cached(overlay, 1), Failover(overlay, MemorySource({}))):
        assert source.path == tmp_path / "base.yaml"
