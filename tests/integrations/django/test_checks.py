"""`manage.py check` says what is wrong in the settings, and how to mend it."""

from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from reliakit import ConfigurationError
from reliakit_django import kit
from tests.integrations.django.site import DEFINITIONS

OURS = "reliakit_django.middleware.ReliakitMiddleware"
CACHES = "django.middleware.cache.UpdateCacheMiddleware"
GOOD: dict[str, Any] = {"CONFIG": {"flags": {"new": {}}}}


def found(reliakit: Any = GOOD, **more: Any) -> dict[str, str]:
    """Returns messages with their hints, by id."""
    with override_settings(RELIAKIT=reliakit, **more):
        messages = [each for each in run_checks() if each.id and each.id.startswith("reliakit.")]
    return {str(each.id): f"{each.msg} {each.hint}" for each in messages}


@pytest.mark.parametrize(
    ("setting", "id", "said"),
    [
        ([], "E001", "RELIAKIT has to be a dict, not list"),
        ({**GOOD, "STOER": "memory"}, "E002", "RELIAKIT has no key 'STOER'. Did you mean 'STORE'?"),
        ({**GOOD, "config": "a"}, "E002", "Did you mean 'CONFIG'?"),
        ({**GOOD, "ZZZ": 1}, "E002", "Known are CONFIG, SOURCE, STORE, ON_INVALID, USER, CONTEXT"),
        (
            {**GOOD, "USER": "nowhere.user"},
            "E003",
            "RELIAKIT['USER']: 'nowhere.user' can't be imported: No module",
        ),
        ({**GOOD, "CONTEXT": "os.nothing"}, "E003", "RELIAKIT['CONTEXT']: 'os.nothing' can't be imported"),
        (
            {**GOOD, "USER": "os.sep"},
            "E003",
            "RELIAKIT['USER'] is '/', which can't be called. Name a function",
        ),
        ({"SOURCE": "nowhere"}, "E003", "RELIAKIT['SOURCE']: 'nowhere' can't be imported"),
        ({**GOOD, "ON_INVALID": "ignore"}, "E004", "is 'ignore'. Write 'last_good' or 'refuse'."),
        ({**GOOD, "STORE": 5}, "E004", "RELIAKIT['STORE'] is 5. Write a URL"),
        ({"CONFIG": 5}, "E004", "RELIAKIT['CONFIG'] is 5. Write a path, a URL, or a dict"),
        ({**GOOD, "SOURCE": "os.getcwd"}, "E005", "both CONFIG and SOURCE. Leave one of them out."),
        ({"CONFIG": {"flags": {"a": {"percentage": 200}}}}, "E007", "flags.a.percentage"),
    ],
)
def test_a_mistake_in_the_setting_is_named(setting: Any, id: str, said: str) -> None:
    """Otherwise people would find it by a server that does not start, or by flags that are off."""
    assert said in found(setting)[f"reliakit.{id}"]


def test_good_settings_are_not_complained_about(tmp_path: Path) -> None:
    """Otherwise nobody would read what is said."""
    (tmp_path / "reliakit.yaml").write_text("format: 1\nflags: {new: {}}\n")
    assert found() == {}
    assert found({}, BASE_DIR=tmp_path) == {}
    assert found({"CONFIG": "https://flags.invalid/shop.yaml"}) == {}, "nothing far away is asked"
    assert found({"SOURCE": "tests.integrations.django.test_checks.made", "STORE": "memory"}) == {}


def made() -> Any:
    raise AssertionError("a check asks no source")


def test_definitions_are_named_by_file_and_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise people would search for what the machine knows."""
    assert f"no file '{tmp_path / 'reliakit.yaml'}'" in found({}, BASE_DIR=tmp_path)["reliakit.E006"]
    file = tmp_path / "flags.yaml"
    file.write_text("format: 1\nflags:\n  new: {percentage: many}\n  old: {enabld: true}\n")
    with override_settings(RELIAKIT={"CONFIG": "flags.yaml"}, BASE_DIR=tmp_path):
        told = "\n".join(str(each) for each in run_checks())
    assert f"{file}:3" in told
    assert f"{file}:4" in told, "all mistakes at once"
    assert "enabled" in told
    monkeypatch.setenv("RELIAKIT_CONFIG", str(tmp_path / "other.yaml"))
    assert (
        "RELIAKIT_CONFIG in the environment"
        in found({"CONFIG": "flags.yaml"}, BASE_DIR=tmp_path)["reliakit.E006"]
    )


def test_the_place_of_the_middleware_is_checked() -> None:
    """Otherwise request.reliakit would be missing in production, or a cache would show one visitor's page to all."""
    assert f"Add {OURS!r}" in found(MIDDLEWARE=[])["reliakit.W001"]
    assert "one visitor's page to all" in found(MIDDLEWARE=[OURS, CACHES])["reliakit.W002"]
    assert found(MIDDLEWARE=[CACHES, OURS]) == {}
    assert found(MIDDLEWARE=[f"{__name__}.Own"]) == {}, "a class of one's own that extends it will do"


from reliakit_django.middleware import ReliakitMiddleware  # noqa: E402


class Own(ReliakitMiddleware):
    """Of a project."""


def test_routes_that_the_middleware_cannot_take_are_told() -> None:
    """Otherwise a new version of the whole application would get nobody, and nobody would know why."""
    said = found({"CONFIG": DEFINITIONS})["reliakit.W003"]
    assert "requests are routed to v2, which the middleware can't reach" in said
    assert "kit().wsgi(get_wsgi_application(), upstreams={...})" in said


def test_a_process_does_not_start_on_a_setting_that_cannot_be_used() -> None:
    """Otherwise it would serve with flags that nobody has written."""
    settings: list[Any] = [[], {"STOER": ""}, {**GOOD, "ON_INVALID": "x"}, {**GOOD, "SOURCE": "os.getcwd"}]
    for wrong in settings:
        with override_settings(RELIAKIT=wrong), pytest.raises(ImproperlyConfigured, match="RELIAKIT"):
            kit()
    bad = {"CONFIG": {"flags": {"a": {"percentage": 200}}}}
    with override_settings(RELIAKIT=bad), pytest.raises(ConfigurationError, match="percentage"):
        ReliakitMiddleware(lambda request: None)


def test_definitions_come_from_anywhere(tmp_path: Path) -> None:
    """Otherwise a project could not say where its flags are."""

    class Source:
        name, keep_copy = "of the test", False

        async def load(self) -> Any:
            raise NotImplementedError

    from reliakit.sources.memory import MemorySource

    source = MemorySource({"flags": {"new": {}}})
    for named in (source, lambda: source, "tests.integrations.django.test_checks.source"):
        with override_settings(RELIAKIT={"SOURCE": named}):
            assert kit().enabled("new")


def source() -> Any:
    from reliakit.sources.memory import MemorySource

    return MemorySource({"flags": {"new": {}}})
