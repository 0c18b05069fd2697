"""The file source notices every way in which files are edited, and never takes half of one for the whole."""

import asyncio
import inspect
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from reliakit.sources.file import FileSource
from reliakit.sources.protocol import Content, SourceError

POLL, SETTLE = 0.01, 0.1


def source_of(path: Path) -> FileSource:
    return FileSource(path, poll=POLL, settle=SETTLE)


def write(path: Path, text: str) -> None:
    path.write_text(text)


def held(path: Path) -> bytes:
    return path.read_bytes()


def reported_after(source: FileSource, edit: Callable[[], Any], within: float = 10.0) -> Content:
    """Loads, edits, waits to be told, and loads again."""

    async def work() -> Content:
        await source.load()
        changes = source.changes()
        await asyncio.to_thread(edit)
        async with asyncio.timeout(within):
            await anext(changes)
        return await source.load()

    return asyncio.run(work())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "reliakit.yaml"
    path.write_text("format: 1\n")
    return path


def _in_place(path: Path) -> None:
    with path.open("r+") as file:
        file.write("format: 2")


def _renamed(path: Path) -> None:
    beside = path.with_suffix(".swp")
    beside.write_text("format: 2\n")
    os.replace(beside, path)


def _renamed_with_times(path: Path) -> None:
    """As `cp -p` and `rsync --times` do: same size, same time of modification."""
    found = path.stat()
    path.write_text("format: 2\n")
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))


def _recreated(path: Path) -> None:
    path.unlink()
    path.write_text("format: 2\n")


def _appended(path: Path) -> None:
    with path.open("a") as file:
        file.write("# format: 2\n")


@pytest.mark.parametrize("edit", [_in_place, _renamed, _renamed_with_times, _recreated, _appended])
def test_an_edit_is_noticed(path: Path, edit: Callable[[Path], None]) -> None:
    """Otherwise somebody's editor or deployment tool would edit the flags in vain."""
    assert b"format: 2" in reported_after(source_of(path), lambda: edit(path)).text


class Kubelet:
    """Mounts a ConfigMap as kubelet does: the files in a folder of their own, a link `..data` to that folder that is
    swapped by a rename, and a link to the file through it that never changes.
    """

    def __init__(self, volume: Path) -> None:
        self.volume, self._count = volume, 0

    def mount(self, text: str) -> Path:
        self._count += 1
        folder = self.volume / f"..2026_11_23_10_00_{self._count:02}.{self._count}"
        folder.mkdir()
        (folder / "reliakit.yaml").write_text(text)
        former = os.path.realpath(self.volume / "..data")
        (self.volume / "..data_tmp").symlink_to(folder.name)
        os.replace(self.volume / "..data_tmp", self.volume / "..data")
        visible = self.volume / "reliakit.yaml"
        if not visible.is_symlink():
            visible.symlink_to("..data/reliakit.yaml")
        elif former != os.path.realpath(self.volume / "..data"):
            (Path(former) / "reliakit.yaml").unlink()
            Path(former).rmdir()
        return visible


def test_the_swap_of_a_mounted_config_map_is_noticed(tmp_path: Path) -> None:
    """Otherwise `kubectl apply` would change nothing until every pod is restarted."""
    kubelet = Kubelet(tmp_path)
    source = source_of(kubelet.mount("format: 1\n"))
    for number in range(2, 5):
        text = f"format: 1\nrevision: {number}\n"
        assert reported_after(source, lambda text=text: kubelet.mount(text)).text.decode() == text  # type: ignore[misc]


def test_an_edit_is_noticed_after_as_few_looks_as_the_defaults_need_for_three_tenths_of_a_second(
    path: Path,
) -> None:
    """Otherwise turning a flag off in an emergency would take longer than we say."""

    class Counting(FileSource):
        looks = 0

        def _look(self) -> Any:
            self.looks += 1
            return super()._look()

    defaults = inspect.signature(FileSource).parameters
    poll, settle = defaults["poll"].default, defaults["settle"].default
    source = Counting(path, poll=poll / 50, settle=settle / 50)

    def edit() -> None:
        _in_place(path)
        source.looks = 0

    reported_after(source, edit)
    # One look may be under way during the edit.
    assert (source.looks + 1) * poll <= 0.3


def test_an_edit_is_noticed_in_well_under_a_second_in_fact(path: Path) -> None:
    """Otherwise the defaults would only look fast on paper."""
    source = FileSource(path)

    async def work() -> list[float]:
        await source.load()
        changes, taken = source.changes(), []
        for number in range(5):
            write(path, f"format: 1\nrevision: {number}\n")
            begun = time.perf_counter()
            async with asyncio.timeout(10):
                await anext(changes)
                await source.load()
            taken.append(time.perf_counter() - begun)
        return taken

    assert statistics.median(asyncio.run(work())) < 1.0


def _whole(text: bytes) -> bool:
    return text.startswith(b"begin") and text.endswith(b"end\n")


def test_a_half_written_file_is_never_read(path: Path) -> None:
    """Otherwise flags whose lines are not written yet would be off for a moment, everywhere."""
    path.write_text("begin end\n")
    source = FileSource(path, poll=0.01, settle=0.5)

    def write_slowly(number: int) -> None:
        with path.open("w") as file:
            file.write(f"begin {number} ")
            file.flush()
            time.sleep(0.1)  # the pause of the slow writer is what is tested here
            file.write("end\n")

    async def work() -> list[bytes]:
        await source.load()
        changes, read = source.changes(), []
        for number in range(3):
            writing = asyncio.create_task(asyncio.to_thread(write_slowly, number))
            while f"begin {number}".encode() not in held(path):
                await asyncio.sleep(0)
            read.append((await source.load()).text)  # as a process does that is born in the middle of it
            await writing
            async with asyncio.timeout(10):
                await anext(changes)
            read.append((await source.load()).text)
        return read

    read = asyncio.run(work())
    assert all(map(_whole, read)), read
    assert read[-1] == b"begin 2 end\n"


def test_a_file_that_somebody_is_about_to_write_is_not_read_as_an_empty_one(path: Path) -> None:
    """Otherwise all flags would be gone while an editor saves."""
    source = source_of(path)

    async def work() -> Content:
        await source.load()
        changes = source.changes()
        write(path, "")
        waiting: asyncio.Task[None] = asyncio.create_task(anext(changes))  # type: ignore[arg-type]
        done, _ = await asyncio.wait([waiting], timeout=10 * SETTLE)
        assert not done, "an empty file must not be reported"
        write(path, "format: 2\n")
        async with asyncio.timeout(10):
            await waiting
        return await source.load()

    assert asyncio.run(work()).text == b"format: 2\n"


def test_a_load_in_the_moment_of_truncation_waits_for_the_rest(path: Path) -> None:
    """Otherwise a worker that is born while an editor saves would start without flags."""
    source = FileSource(path, poll=0.01, settle=0.5)

    async def work() -> Content:
        write(path, "")
        loading = asyncio.create_task(source.load())
        for _ in range(5):
            await asyncio.sleep(0)
        write(path, "format: 2\n")
        return await loading

    assert asyncio.run(work()).text == b"format: 2\n"


def test_a_file_that_stays_empty_is_read_in_the_end(path: Path) -> None:
    """Otherwise an app with an empty file would hang at its start, instead of saying what is wrong."""
    write(path, "")
    os.utime(path, (1e9, 1e9))
    assert asyncio.run(FileSource(path, poll=0.001, settle=0.002).load()).text == b""


def test_a_file_that_never_rests_is_read_in_the_end(path: Path) -> None:
    """Otherwise a clock that is set wrong, or a mad writer, would keep an app from starting."""
    source = FileSource(path, poll=0.001, settle=0.002, now=lambda: path.stat().st_mtime)
    assert asyncio.run(source.load()).text == b"format: 1\n"


def test_a_file_from_the_future_is_read_at_once(path: Path) -> None:
    """Otherwise a file server whose clock is ahead would delay every start."""
    os.utime(path, (4e9, 4e9))
    source = FileSource(path, settle=1000.0)

    async def work() -> Content:
        async with asyncio.timeout(10):
            return await source.load()

    assert asyncio.run(work()).text == b"format: 1\n"


def _directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _dangling(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.with_suffix(".gone"))


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (Path.unlink, "No such file"),
        (_directory, "Is a directory"),
        (_dangling, "No such file"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(path: Path, spoil: Callable[[Path], None], says: str) -> None:
    """Otherwise nobody would know what to mend."""
    spoil(path)
    with pytest.raises(SourceError) as failed:
        asyncio.run(source_of(path).load())
    assert str(path) in str(failed.value)
    assert says in str(failed.value)


_AS_NOBODY = """
import asyncio, concurrent.futures.thread, os, tempfile
from pathlib import Path
from reliakit.sources.file import FileSource
from reliakit.sources.protocol import SourceError

folder = tempfile.TemporaryDirectory()
os.chmod(folder.name, 0o755)
path = Path(folder.name) / "reliakit.yaml"
path.write_text("format: 1")
path.chmod(0)
reader, writer = os.pipe()
if os.fork() == 0:
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)

    async def work():
        source = FileSource(path, poll=0.01, settle=0.02)
        changes = source.changes()
        try:
            await source.load()
        except SourceError as failed:
            print(failed, flush=True)
        await anext(changes)  # it is there, though it can't be read
        os.write(writer, b"x")
        await anext(changes)
        print((await source.load()).text.decode(), flush=True)

    asyncio.run(asyncio.wait_for(work(), 20))
    os._exit(0)
os.close(writer)
os.read(reader, 1)
path.chmod(0o644)
status = os.waitstatus_to_exitcode(os.wait()[1])
folder.cleanup()
raise SystemExit(status)
"""


def test_a_file_that_becomes_readable_is_noticed() -> None:
    """Otherwise mending its mode would do nothing until somebody also edits it."""
    done = subprocess.run(
        [sys.executable, "-c", _AS_NOBODY], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    denied, text = done.stdout.splitlines()
    assert "Permission denied" in denied
    assert text == "format: 1"


def test_the_suffix_tells_the_format(tmp_path: Path) -> None:
    """Otherwise a TOML file would be read as YAML, with messages about YAML."""
    for suffix, expected in [(".yaml", "yaml"), (".yml", "yaml"), (".toml", "toml"), (".JSON", "json")]:
        path = tmp_path / f"reliakit{suffix}"
        path.write_text(json.dumps({"format": 1}))
        assert asyncio.run(source_of(path).load()).format == expected


def test_the_name_is_the_whole_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise workers started in different folders would mix up their last good copies."""
    monkeypatch.chdir(tmp_path)
    assert FileSource("reliakit.yaml").name == str(tmp_path / "reliakit.yaml")


def test_two_who_watch_one_source_are_both_told(path: Path) -> None:
    """Otherwise one of two kits over one source would swallow what the other waits for."""
    source = source_of(path)

    async def told(changes: AsyncIterator[None]) -> bytes:
        async with asyncio.timeout(10):
            await anext(changes)
        return (await source.load()).text

    async def work() -> list[bytes]:
        await source.load()
        first, second = source.changes(), source.changes()
        write(path, "format: 2\n")
        return [await told(first), await told(second)]

    assert asyncio.run(work()) == [b"format: 2\n"] * 2
