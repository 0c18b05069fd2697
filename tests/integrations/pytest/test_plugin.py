"""The plugin in the test suites of others."""

import subprocess
import sys
from pathlib import Path

import pytest

SHOP = """
from reliakit import Reliakit
from reliakit.testing import definitions
kit = Reliakit(definitions(new_checkout=False, banner="plain").flag("a-b", False))
"""
CONFTEST = """
import pytest

@pytest.fixture
def reliakit_kit():
    from shop import kit
    return kit
"""
INI = "[pytest]\npythonpath = .\naddopts = --strict-markers\nfilterwarnings = error\n"


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    (tmp_path / "shop.py").write_text(SHOP)
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "pytest.ini").write_text(INI)
    return tmp_path


def run(suite: Path, tests: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    (suite / "test_shop.py").write_text(tests)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:schemathesis",
        *arguments,
    ]
    return subprocess.run(command, cwd=suite, capture_output=True, text=True, timeout=100, check=False)


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other plugins that are installed here take seconds to load."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_PLUGINS", "reliakit_pytest.plugin")


PINNING = """
import asyncio
import unittest

import pytest
from shop import kit


def test_fixture(reliakit_flags):
    assert not kit.enabled("new_checkout")
    reliakit_flags.set(new_checkout=True)
    with kit.identify("somebody"):
        reliakit_flags.set({"a-b": True}, banner="loud")
    assert kit.enabled("new_checkout") and kit.enabled("a-b")
    assert kit.value("banner", "") == "loud"
    assert kit.evaluate("new_checkout").value


def test_nothing_is_left():
    assert not kit.enabled("new_checkout")
    assert not kit.enabled("a-b")
    assert kit.value("banner", "") == "plain"


@pytest.mark.flags(new_checkout=True)
def test_marker():
    assert kit.enabled("new_checkout")


@pytest.mark.flags({"a-b": True}, new_checkout=True)
class TestMarked:
    def test_all(self):
        assert kit.enabled("new_checkout") and kit.enabled("a-b")

    @pytest.mark.flags(new_checkout=False)
    def test_the_nearest_counts(self):
        assert not kit.enabled("new_checkout")
        assert kit.enabled("a-b")


@pytest.mark.flags(new_checkout=True)
class CheckoutTest(unittest.IsolatedAsyncioTestCase):
    async def test_async(self):
        assert kit.enabled("new_checkout")


def test_still_nothing_is_left():
    assert not kit.enabled("new_checkout")
"""


def test_flags_are_pinned_for_a_test_and_no_longer(suite, alone) -> None:
    """Otherwise the order of tests would decide what they see."""
    done = run(suite, PINNING)
    assert "7 passed" in done.stdout, done.stdout + done.stderr


def test_a_fixture_of_the_suite_may_give_the_kit(suite, alone) -> None:
    """Otherwise applications that are made by a factory could not use it."""
    own = """
import pytest
from reliakit import Reliakit

@pytest.fixture
def app():
    kit = Reliakit({"flags": {"x": {"enabled": False}}})
    yield kit
    kit.close()

@pytest.fixture
def reliakit_kit(app):
    return app

@pytest.mark.flags(x=True)
def test_factory(app):
    assert app.enabled("x")
"""
    assert "1 passed" in run(suite, own).stdout


def test_it_says_what_it_needs_to_know(suite, alone) -> None:
    """Otherwise the first marker would fail by something that nobody understands."""
    (suite / "conftest.py").unlink()
    told = run(suite, "import pytest\n@pytest.mark.flags(x=True)\ndef test_x(): ...\n")
    assert told.returncode == 1
    assert "def reliakit_kit():" in told.stdout


ELSEWHERE = """
import pytest
from reliakit import Reliakit
from reliakit.sources.memory import MemorySource

@pytest.fixture
def reliakit_kit():
    source = MemorySource({"flags": {"x": {"enabled": False}}})
    source.name = "https://flags.shop.test/shop.yaml"
    kit = Reliakit(source)
    yield kit
    kit.close()

def test_pinned(request):
    with pytest.warns(pytest.PytestWarning, match="https://flags.shop.test/shop.yaml has today"):
        request.getfixturevalue("reliakit_flags")
"""


def test_flags_from_elsewhere_are_warned_of(suite, alone) -> None:
    """Otherwise a test would fail on the day that somebody throws a switch in production."""
    done = run(suite, ELSEWHERE)
    assert "1 passed" in done.stdout, done.stdout + done.stderr


LIGHT = """
import sys

def test_nothing_of_reliakit_is_loaded():
    assert "reliakit_pytest.plugin" in sys.modules
    assert not [name for name in sys.modules if name == "reliakit" or name.startswith("reliakit.")]
"""


def test_suites_without_reliakit_pay_nothing(suite) -> None:
    """Otherwise every run of pytest would wait for it, and code would run before coverage looks."""
    assert "1 passed" in run(suite, LIGHT).stdout


def test_it_can_be_left_out(suite) -> None:
    """Otherwise a suite that has its own `flags` marker could not have both."""
    tests = "import sys\ndef test_x():\n    assert 'reliakit_pytest.plugin' not in sys.modules\n"
    done = run(suite, tests, "-p", "no:reliakit")
    assert "1 passed" in done.stdout, done.stdout + done.stderr
