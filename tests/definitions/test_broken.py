"""Broken files of the kinds that newcomers write: what they are told, and what keeps running meanwhile.

Beside each file of the corpus, `.txt` holds the lines that it must give. `python -m tests.definitions.test_broken`
writes them anew; read the difference as a newcomer would before you commit it.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reliakit import Reliakit
from reliakit.errors import ConfigurationError
from reliakit.sources.file import FileSource
from tests.definitions.loaded import loaded
from tests.servers.serving import until

BROKEN = Path(__file__).parent / "corpus" / "broken"
FILES = sorted(file for file in BROKEN.iterdir() if file.suffix != ".txt")
GOOD = {
    ".yaml": "format: 1\nflags:\n  new_checkout: {{}}\n  banner:\n    variants: {{plain: 1, loud: 2}}\n    otherwise: {}\n",
    ".json": '{{"format": 1, "flags": {{"new_checkout": {{}}, "banner": '
    '{{"variants": {{"plain": 1, "loud": 2}}, "otherwise": "{}"}}}}}}',
    ".toml": 'format = 1\n[flags.new_checkout]\n[flags.banner]\nvariants = {{plain = 1, loud = 2}}\notherwise = "{}"\n',
}


def _told(file: Path) -> list[str]:
    return [str(problem) for problem in loaded(file.read_bytes(), file.name).problems]


def _golden(file: Path) -> list[str]:
    return file.with_name(f"{file.name}.txt").read_text().splitlines()


broken = pytest.mark.parametrize("file", [pytest.param(file, id=file.name) for file in FILES])


@broken
def test_a_newcomer_is_told_what_to_do(file: Path) -> None:
    """Otherwise the first mistake in a file is the end of the road for whoever just came."""
    assert _told(file) == _golden(file)


def test_there_are_at_least_twenty() -> None:
    """Otherwise the promise to explain common mistakes is kept for fewer than it was made for."""
    assert len(FILES) >= 20
    assert {file.suffix for file in FILES} == set(GOOD)


class _Running:
    """A kit on a file that is edited, and a second one that is born while it is broken."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.kit = self.born()

    def born(self, **options: Any) -> Reliakit:
        # Without APP_ENVIRONMENT and the like, whatever the machine has set.
        return Reliakit(FileSource(self.path, poll=0.005, settle=0.01), **options)

    def write(self, text: str | bytes) -> None:
        self.path.write_bytes(text if isinstance(text, bytes) else text.encode())

    def good(self, variant: str) -> None:
        self.write(GOOD[self.path.suffix].format(variant))

    def problems(self, kit: Reliakit | None = None) -> list[str]:
        return [str(problem) for problem in (kit or self.kit).status().problems]


@pytest.fixture
def running(file: Path, tmp_path: Path) -> Iterator[_Running]:
    path = tmp_path / f"reliakit{file.suffix}"
    path.write_text(GOOD[file.suffix].format("plain"))
    running = _Running(path)
    yield running
    running.kit.close()


def _answers(kit: Reliakit) -> dict[str, Any]:
    return {key: kit.value(key, None, user="user-1") for key in ("new_checkout", "banner")}


def _kept(file: Path) -> dict[str, Any]:
    """What must stay: everything, or where only flags are broken, those (their siblings are as the file has them)."""
    before = {"new_checkout": True, "banner": 1}
    if loaded(file.read_bytes(), file.name).definitions is None:
        return before
    kept = {key: value for key, value in before.items() if f"flags.{key}" in "".join(_golden(file))}
    assert kept, "this file breaks nothing that was in force"
    return kept


@broken
def test_what_was_good_stays_in_force(file: Path, running: _Running) -> None:
    """Otherwise a slip of the pen takes features away from users, or keeps a mended file from counting."""
    expected = [line.replace(file.name, str(running.path), 1) for line in _golden(file)]
    kept = _kept(file)
    assert kept.items() <= _answers(running.kit).items()

    running.write(file.read_bytes())
    if file.stat().st_size:  # an empty file counts as half-written in a process that runs
        until(lambda: running.problems() == expected)
    assert kept.items() <= _answers(running.kit).items()

    with pytest.raises(ConfigurationError) as refused:
        running.born(on_invalid="refuse")
    assert [str(problem) for problem in refused.value.problems] == expected

    newborn = running.born()
    try:
        assert running.problems(newborn) == expected
        assert kept.items() <= _answers(newborn).items()
        running.good("loud")
        for kit in (running.kit, newborn):
            until(lambda kit=kit: _answers(kit) == {"new_checkout": True, "banner": 2})  # type: ignore[misc]
            assert running.problems(kit) == []
    finally:
        newborn.close()


def test_a_flag_that_is_removed_too_early_stays_for_those_that_require_it(tmp_path: Path) -> None:
    """Otherwise tidying up one flag changes what others answer, in old workers or in new ones."""
    path = tmp_path / "reliakit.yaml"
    needing = "  a: {prerequisites: [tax]}\n  b: {percentage: "
    path.write_text(f"format: 1\nflags:\n  tax: {{}}\n{needing}0}}\n")
    running = _Running(path)
    kits = [running.kit]
    try:
        assert running.kit.enabled("a", "u")
        running.write(f"format: 1\nflags:\n{needing}100}}\n")
        until(lambda: len(running.problems()) == 2)
        kits.append(running.born())
        assert [(kit.enabled("a", "u"), kit.enabled("b", "u")) for kit in kits] == [(True, True)] * 2
    finally:
        for kit in kits:
            kit.close()


def _write_golden() -> None:
    for file in FILES:
        file.with_name(f"{file.name}.txt").write_text("".join(f"{line}\n" for line in _told(file)))


if __name__ == "__main__":
    _write_golden()
