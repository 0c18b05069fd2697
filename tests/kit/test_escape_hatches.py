"""What an operator can say by environment variables alone, whatever the file holds."""

import gc
import logging
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reliakit import ErrorCode, Reliakit
from reliakit.core.evaluation import Reason
from reliakit.sources.file import FileSource
from tests.kit.files import edit
from tests.kit.test_reload import CHANGED, GOOD, on
from tests.servers.serving import until

Make = Callable[..., Reliakit]


def app(*arguments: Any) -> Any:
    raise AssertionError("nobody calls this")


def test_a_file_can_be_chosen_by_the_environment(path: Path, tmp_path: Path, kit_of: Make) -> None:
    """Otherwise one image could not run with the flags of each environment."""
    edit(path, CHANGED)
    environ = {"RELIAKIT_CONFIG": str(path)}
    assert on(kit_of(tmp_path / "of-the-image.yaml", environ=environ)) == {"old", "new"}
    assert on(kit_of(environ=environ)) == {"old", "new"}


def test_without_any_word_it_is_the_file_in_the_working_folder(
    path: Path, kit_of: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the quickstart would need one more line."""
    edit(path, GOOD)
    monkeypatch.chdir(path.parent)
    monkeypatch.delenv("RELIAKIT_CONFIG", raising=False)
    assert kit_of().status().source == str(path)


def test_a_bypassed_kit_needs_no_file_and_stays_out_of_the_way(kit_of: Make, tmp_path: Path) -> None:
    """Otherwise there would be no way to rule reliakit out on a bad day."""
    before = {thread.ident for thread in threading.enumerate()}
    kit = kit_of(tmp_path / "missing.yaml", environ={"RELIAKIT_BYPASS": "1"})
    assert kit.asgi(app) is app
    assert kit.wsgi(app) is app
    assert kit.asgi(app, upstreams={"shop-v2": app}) is app
    assert kit.enabled("old", "user-1") is False
    assert kit.enabled("old", "user-1", default=True) is True
    assert kit.value("banner", "plain") == "plain"
    assert kit.evaluate("banner", "x").error_code is ErrorCode.FLAG_NOT_FOUND
    assert kit.status().flags == 0
    assert {thread.ident for thread in threading.enumerate() if thread.name == "reliakit"} <= before
    assert not kit.status().engine


def test_only_a_one_bypasses(path: Path, kit_of: Make) -> None:
    """Otherwise RELIAKIT_BYPASS=0 would turn everything off."""
    edit(path, GOOD)
    for text in ("0", "", "false"):
        assert on(kit_of(path, environ={"RELIAKIT_BYPASS": text})) == {"old"}


def test_a_variable_wins_over_the_file_and_goes_on_winning(
    path: Path, source: FileSource, kit_of: Make
) -> None:
    """Otherwise an operator without access to the file could not turn a flag off on one host."""
    edit(path, GOOD)
    environ = {"RELIAKIT_FLAG_OLD": "off", "RELIAKIT_FLAG_BANNER": "loud", "RELIAKIT_FLAG_EXTRA": "7"}
    kit = kit_of(source, environ=environ)
    assert on(kit) == set()
    edit(path, CHANGED)
    until(lambda: on(kit) == {"new"})
    found = kit.evaluate("banner", "none")
    assert (found.value, found.variant, found.reason) == ("#f60", "loud", Reason.STATIC)
    assert kit.value("extra", 0) == 7
    assert set(kit.status().overrides) == {"old", "banner", "extra"}
    assert "override" in str(kit.explain("old", "user-1"))


def test_a_bad_value_is_told_and_ignored(path: Path, kit_of: Make, caplog: pytest.LogCaptureFixture) -> None:
    """Otherwise a typing error would switch a flag, or nobody would know why nothing happened."""
    edit(path, GOOD)
    with caplog.at_level(logging.ERROR, "reliakit"):
        kit = kit_of(path, environ={"RELIAKIT_FLAG_OLD": "perhaps", "RELIAKIT_FLAG_BANNER": "pink"})
    assert [message.partition(":")[0] for message in caplog.messages] == [
        "RELIAKIT_FLAG_BANNER",
        "RELIAKIT_FLAG_OLD",
    ]
    assert "plain, loud" in caplog.messages[0]
    assert on(kit) == {"old"}
    assert kit.value("banner", "none") == "#444"


def test_a_flag_whose_key_is_no_variable_name_has_one_all_the_same(kit_of: Make) -> None:
    """Otherwise flags named with dashes or dots would have no escape hatch."""
    flags = {"flags": {"shop.new-checkout": {"percentage": 0}}}
    kit = kit_of(flags, environ={"RELIAKIT_FLAG_SHOP_NEW_CHECKOUT": "on"})
    assert kit.enabled("shop.new-checkout", "user-1")


def test_a_kit_that_nobody_has_any_more_takes_its_engine_along() -> None:
    """Otherwise every kit that an app factory or a test makes would leave a thread for the life of the process."""
    kit = Reliakit({"format": 1, "flags": {"on": {"percentage": 100}}})
    assert kit.enabled("on", "user-1")
    engine, gone = kit._runtime.engine, weakref.ref(kit)
    assert engine.running
    del kit
    gc.collect()
    assert gone() is None
    until(lambda: not engine.running)
