"""`reliakit flag`: kill switches."""

import json

import pytest

from tests.cli.operating import objects, said, serving, written
from tests.cli.running import reliakit

WHY = ("--reason", "payments time out")


@pytest.fixture
def folder(tmp_path):
    return written(tmp_path).parent


def test_a_flag_that_is_disabled_is_off_in_a_live_worker_within_two_seconds_and_back_when_cleared(folder):
    """The kill switch is the one thing that must work while all else is on fire."""
    with serving(folder / "reliakit.yaml") as shop:

        def on() -> bool:
            return shop.kit.enabled("new_checkout", "user-42")

        assert on()
        line = said(folder, "flag", "disable", "new_checkout", "--for", "4h", *WHY)
        assert line.startswith("new_checkout: off for everyone for 4.0 h, until ")
        assert line.endswith("; the file says 100 %\n")
        shop.until(lambda: not on(), 2)
        said(folder, "flag", "clear", "new_checkout", "--reason", "fixed")
        shop.until(on, 2)
        said(folder, "flag", "set", "banner", "loud", *WHY)
        shop.until(lambda: shop.kit.value("banner", "", user="user-42") == "#f60", 2)
        said(folder, "flag", "disable", "banner", *WHY)
        shop.until(lambda: shop.kit.value("banner", "", user="user-42") == "#444", 2)


def test_a_pin_ends_by_itself_in_the_list_and_in_a_live_worker(folder):
    """A switch that everybody forgot would stay off for ever."""
    with serving(folder / "reliakit.yaml") as shop:
        said(folder, "flag", "disable", "new_checkout", "--for", "4s", *WHY)
        shop.until(lambda: not shop.kit.enabled("new_checkout", "user-42"), 2)
        shop.until(lambda: shop.kit.enabled("new_checkout", "user-42"), 6)
        assert said(folder, "flag", "list", "--pinned") == ""


def test_the_list_shows_pins_beside_what_the_file_says(folder):
    """Nobody would see why a flag answers other than the file says, or whom to ask."""
    said(folder, "flag", "disable", "new_checkout", "--for", "90m", *WHY, "--as", "alice")
    first, second, third = said(folder, "flag", "list").splitlines()
    assert first.startswith("new_checkout: 100 %; pinned off for everyone for 90 min, until ")
    assert ": payments time out - alice (" in first
    assert (second, third) == ("banner: plain 90 %, loud 10 %", "search: fast for everyone")
    (found,) = json.loads(said(folder, "flag", "list", "new_checkout", "--json"))
    assert (found["pin"]["value"], found["pin"]["reason"]) == ("off", "payments time out")
    assert found["pin"]["until"] - found["pin"]["at"] == pytest.approx(5_400)
    assert said(folder, "status").count("pin: new_checkout: off for everyone") == 1


def test_a_flag_with_variants_is_disabled_by_its_off_or_else_as_the_file_would_disable_it(folder):
    """A kill switch that names a variant which the flag has not would do nothing."""
    for flag, variant in (("banner", "plain"), ("search", "off")):
        said(folder, "flag", "disable", flag, *WHY)
        (found,) = json.loads(said(folder, "flag", "list", flag, "--json"))
        assert found["pin"]["value"] == variant


def test_each_change_is_journalled_with_its_reason_and_who_made_it_in_one_chain(folder):
    """After an incident nobody could say who switched what, and when."""
    said(folder, "flag", "enable", "new_checkout", *WHY, "--as", "alice")
    said(folder, "flag", "disable", "new_checkout", *WHY, "--as", "bob")
    said(folder, "flag", "clear", "new_checkout", "--reason", "fixed", "--as", "carol")
    events = [each["event"] for each in objects(said(folder, "journal", "--json"))]
    assert [(each["what"], each["value"], each["before"], each["actor"][1]) for each in events] == [
        ("pinned", "on", None, "alice"),
        ("pinned", "off", "on", "bob"),
        ("cleared", None, "off", "carol"),
    ]
    last = said(folder, "journal").splitlines()[-1]
    assert "flag new_checkout: as the file says again: fixed - carol (" in last
    said(folder, "journal", "--verify")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("disable", "new_chekout", *WHY), 'did you mean "new_checkout"?'),
        (("clear", "bannr", *WHY), 'did you mean "banner"?'),
        (("set", "banner", "lod", *WHY), 'did you mean "loud"?'),
        (("enable", "banner", *WHY), "banner is not on or off, but plain or loud"),
        (("disable", "new_checkout"), "--reason"),
        (("disable", "new_checkout", "--for", "4", *WHY), "expected a duration such as 30m or 4h"),
        (("list", "serch"), 'did you mean "search"?'),
    ],
)
def test_a_slip_is_told_and_pins_nothing(folder, arguments, told):
    """A misspelt kill switch that seems to have worked is worse than none."""
    found = reliakit("flag", *arguments, cwd=folder)
    assert (found.returncode, found.stdout) == (2, "")
    assert told in found.stderr
    assert said(folder, "flag", "list", "--pinned") == ""


def test_a_pin_on_a_flag_that_left_the_file_is_shown_as_a_problem_and_can_be_cleared(folder):
    """It would wait unseen for a flag of the same name to come back."""
    said(folder, "flag", "disable", "search", *WHY)
    file = folder / "reliakit.yaml"
    file.write_text(file.read_text().replace("  search:", "  find:"))
    assert "search is pinned, and the file has no such flag" in said(folder, "status", code=1)
    assert "search: not in the file; pinned off" in said(folder, "flag", "list")
    assert "cleared" in said(folder, "flag", "clear", "search", "--reason", "gone")
    assert said(folder, "flag", "list", "--pinned") == ""
