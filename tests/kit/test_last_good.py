"""A worker that starts on a bad day runs what its siblings run."""

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reliakit import ConfigurationError, Reliakit
from reliakit.definitions.documents import Document, run
from reliakit.runtime.last_good import LastGood, state_folder
from reliakit.sources.file import FileSource
from tests.kit.files import edit
from tests.kit.test_reload import CHANGED, GOOD, ONE_WRONG, on, problems
from tests.servers.serving import until

Make = Callable[..., Reliakit]


def copy_in(folder: Path) -> Path:
    (copy,) = folder.glob("last-good-*")
    return copy


def test_a_newborn_starts_on_the_last_good_definitions(
    path: Path, source: FileSource, kit_of: Make, state_folder: Path
) -> None:
    """Otherwise a bad edit would take down every worker that is recycled before it is mended."""
    edit(path, CHANGED)
    kit_of(source)
    edit(path, "flags: [")
    newborn = kit_of(source)
    assert on(newborn) == {"old", "new"}
    assert problems(newborn)


def test_a_newborn_starts_without_its_file(path: Path, source: FileSource, kit_of: Make) -> None:
    """Otherwise a file server that is away would keep workers from starting."""
    edit(path, CHANGED)
    kit_of(source)
    path.unlink()
    newborn = kit_of(source)
    assert on(newborn) == {"old", "new"}
    assert "No such file" in problems(newborn)[0]


def test_who_refuses_does_not_start(path: Path, source: FileSource, kit_of: Make) -> None:
    """Otherwise a deploy that is meant to fail on a bad file would go through on an old one."""
    edit(path, CHANGED)
    kit_of(source)
    edit(path, ONE_WRONG + "bogus: 1\n")
    with pytest.raises(ConfigurationError) as failed:
        Reliakit(source, on_invalid="refuse")
    assert len(failed.value.problems) == 2


def test_a_flag_that_is_broken_keeps_its_last_good_form_in_a_newborn_too(
    path: Path, source: FileSource, kit_of: Make
) -> None:
    """Otherwise workers would disagree by their age."""
    edit(path, GOOD)
    elder = kit_of(source)
    assert on(elder) == {"old"}
    edit(path, ONE_WRONG)
    until(lambda: on(elder) == {"old", "new"})
    newborn = kit_of(source)
    assert on(newborn) == {"old", "new"}
    assert problems(newborn) == problems(elder)
    # And once more, from the copy that was made of a document with a broken flag.
    edit(path, "flags: [")
    assert on(kit_of(source)) == {"old", "new"}


def test_a_forked_child_of_an_old_parent_learns_what_its_siblings_know(
    path: Path, source: FileSource, kit_of: Make
) -> None:
    """Otherwise workers that a preloading server forks on a bad day would run what was there at its start."""
    edit(path, GOOD)
    parent, sibling = kit_of(source), kit_of(source)
    assert on(sibling) == {"old"}
    edit(path, CHANGED)
    until(lambda: on(sibling) == {"old", "new"})
    edit(path, "flags: [")
    until(lambda: problems(sibling))
    assert on(parent) == {"old", "new"}


def test_the_copy_is_for_its_owner_alone(path: Path, kit_of: Make, tmp_path: Path) -> None:
    """Otherwise other users of the host could read who gets what."""
    edit(path, GOOD)
    folder = tmp_path / "new" / "state"
    kit_of(path, environ={"RELIAKIT_STATE_DIR": str(folder)})
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(copy_in(folder).stat().st_mode) == 0o600


SECRETS = """\
format: 1
environment: env:APP_ENV
overrides: {keys: ["env:SIGNING_KEY"]}
flags:
  greeting: {variants: {hi: "env:GREETING"}}
  admins: {allowlist: ["env:ADMIN"]}
"""
ENVIRON = {
    "APP_ENV": "production-7",
    "SIGNING_KEY": "0123456789-secret-0123456789",
    "GREETING": "hush-hush",
    "ADMIN": "root-user",
}


def test_the_copy_holds_no_secret(path: Path, source: FileSource, kit_of: Make, state_folder: Path) -> None:
    """Otherwise what was kept out of the file would lie beside it, readable in every backup."""
    environ = {**ENVIRON, "RELIAKIT_STATE_DIR": str(state_folder)}
    edit(path, SECRETS)
    elder = kit_of(source, environ=environ)
    assert elder.value("greeting", "") == "hush-hush"

    def clean() -> None:
        text = copy_in(state_folder).read_text()
        assert "env:GREETING" in text
        assert not [value for value in ENVIRON.values() if value in text]

    clean()
    edit(
        path,
        SECRETS.replace("{variants", "{percentage: lots, variants").replace(
            "admins: {", "admins: {owner: me, "
        ),
    )
    until(lambda: problems(elder))
    assert elder.value("greeting", "") == "hush-hush"
    until(lambda: '"owner":"me"' in copy_in(state_folder).read_text())
    clean()
    path.unlink()
    newborn = kit_of(source, environ={**environ, "GREETING": "changed"})
    assert newborn.value("greeting", "") == "changed"
    assert newborn.enabled("admins", "root-user")


def test_sources_do_not_share_a_copy(tmp_path: Path, kit_of: Make) -> None:
    """Otherwise one app would start on the flags of another."""
    first, second = tmp_path / "a.yaml", tmp_path / "b.yaml"
    edit(first, CHANGED)
    kit_of(first)
    with pytest.raises(ConfigurationError):
        Reliakit(second)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: b"",
        lambda text: text[: len(text) // 2],
        lambda text: b"\xff" + text,
        lambda text: text.replace(b"old", b"ol\xff"),
        lambda text: b"[" * 100_000,
        lambda text: text.replace(b'"reliakit":1', b'"reliakit":2'),
        lambda text: text.replace(b'"source":"', b'"source":"/elsewhere'),
        lambda text: text.replace(b'"flags":{', b'"flags":{"x":[[[[[[[[' + b"[" * 100_000),
        lambda text: json.dumps({"reliakit": 1, "source": "x"}).encode(),
        lambda text: b"null",
    ],
)
def test_a_copy_that_is_damaged_or_foreign_is_ignored(
    path: Path, source: FileSource, kit_of: Make, state_folder: Path, spoil: Any
) -> None:
    """Otherwise a full disk would keep an app from starting on a sound file."""
    edit(path, CHANGED)
    kit_of(source)
    copy = copy_in(state_folder)
    spoilt = spoil(copy.read_bytes())
    assert spoilt != copy.read_bytes()
    copy.write_bytes(spoilt)
    edit(path, "flags: [")
    with pytest.raises(ConfigurationError):
        Reliakit(source)
    edit(path, CHANGED)
    assert on(kit_of(source)) == {"old", "new"}


@given(st.binary(max_size=64), st.integers(0, 400), st.integers(0, 40))
def test_no_damage_whatever_makes_the_copy_raise(
    tmp_path_factory: pytest.TempPathFactory, bits: bytes, at: int, gone: int
) -> None:
    """Otherwise the copy, which is there to help, would be one more thing that breaks."""
    kept = LastGood(tmp_path_factory.getbasetemp() / "damage", "somewhere")
    document = Document("somewhere", {"format": 1, "flags": {"a": {"percentage": 5}, "b": {}}})
    assert run(kept.save(document, ["a", "b"], ()))
    text = kept.path.read_bytes()
    kept.path.write_bytes(text[:at] + bits + text[at + gone :])
    found = run(kept.load())
    assert found is None or isinstance(found.data, dict)


def _file_in_its_place(folder: Path) -> None:
    folder.rmdir()
    folder.write_text("")


def _dead_end(folder: Path) -> None:
    folder.rmdir()
    folder.symlink_to("/proc/self/nowhere")


@pytest.mark.parametrize("spoil", [_file_in_its_place, _dead_end])
def test_a_folder_that_cannot_be_written_is_harmless(
    path: Path, source: FileSource, kit_of: Make, state_folder: Path, spoil: Callable[[Path], None]
) -> None:
    """Otherwise a container with a read-only disk could not run the app."""
    spoil(state_folder)
    edit(path, GOOD)
    kit = kit_of(source)
    assert on(kit) == {"old"}
    edit(path, CHANGED)
    until(lambda: on(kit) == {"old", "new"})


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_a_folder_that_somebody_else_laid_there_is_neither_believed_nor_filled(
    path: Path, source: FileSource, kit_of: Make, state_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise any user of the host could choose the flags of an app whose user has no home."""
    edit(path, CHANGED)
    kit_of(source)
    os.chown(state_folder, 12345, -1)
    monkeypatch.setattr(os, "getuid", lambda: 54321)
    before = copy_in(state_folder).read_bytes()
    edit(path, GOOD)
    kit_of(source)
    assert copy_in(state_folder).read_bytes() == before
    edit(path, "flags: [")
    with pytest.raises(ConfigurationError):
        Reliakit(source)


def test_two_writers_at_once_leave_one_whole_copy_and_nothing_else(tmp_path: Path) -> None:
    """Otherwise workers that start together would tear each other's copy."""
    from concurrent.futures import ThreadPoolExecutor

    flags = {f"flag-{number}": {"percentage": 5} for number in range(200)}
    kept = LastGood(tmp_path / "state", "somewhere")
    with ThreadPoolExecutor(8) as pool:
        saved = [
            pool.submit(run, kept.save(Document("x", {"format": 1, "flags": flags}), flags, ()))
            for _ in range(40)
        ]
        assert all(each.result() for each in saved)
    assert copy_in(tmp_path / "state") == kept.path
    found = run(kept.load())
    assert found is not None
    assert found.data["flags"] == flags


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"RELIAKIT_STATE_DIR": "/a", "XDG_STATE_HOME": "/b", "HOME": "/c"}, "/a"),
        ({"XDG_STATE_HOME": "/b", "HOME": "/c"}, "/b/reliakit"),
        ({"HOME": "{home}"}, "{home}/.local/state/reliakit"),
    ],
)
def test_the_folder_is_where_the_system_keeps_state(
    environ: dict[str, str], expected: str, tmp_path: Path
) -> None:
    """Otherwise a host's copies would lie where nobody looks, or where a container has no disk."""
    environ = {name: value.replace("{home}", str(tmp_path)) for name, value in environ.items()}
    assert state_folder(environ) == Path(expected.replace("{home}", str(tmp_path)))


def test_a_user_without_a_home_has_a_folder_of_its_own() -> None:
    """Otherwise two users of a host would share one folder in the temporary one."""
    assert state_folder({"HOME": "/nonexistent"}).name == f"reliakit-{os.getuid()}"
