"""Flag checks answer as their docstrings say, count exactly once, and never raise."""

import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reliakit import ErrorCode, Evaluation, Reason, Reliakit
from reliakit.core.counters import Given, Unknown

FLAGS: dict[str, Any] = {
    "flags": {
        "on": {},
        "off": {"enabled": False},
        "half": {"percentage": 50},
        "pro": {"rules": [{"if": {"plan": "pro"}}]},
        "number": {"variants": {"a": 7}},
        "ratio": {"variants": {"a": 0.5}},
        "text": {"variants": {"a": "hello"}},
        "truth": {"variants": {"yes": True, "no": False}, "otherwise": "no"},
        "list": {"variants": {"a": [1, [2]]}},
        "mapping": {"variants": {"a": {"b": {"c": 1}}}},
        "nothing": {"variants": {"a": None}},
    }
}
KEYS = list(FLAGS["flags"])


@pytest.fixture
def kit(kit_of: Callable[..., Reliakit]) -> Reliakit:
    return kit_of(FLAGS)


def counted(kit: Reliakit) -> dict[Any, int]:
    return {name: count for name, count in kit._runtime.tallies.counts().items() if count}


@pytest.mark.parametrize(
    ("key", "default", "expected"),
    [
        ("number", 1, 7),
        ("ratio", 1.0, 0.5),
        ("number", 1.0, 7.0),
        ("text", "x", "hello"),
        ("truth", True, False),
        ("on", False, True),
        ("list", [], [1, [2]]),
        ("mapping", {}, {"b": {"c": 1}}),
        *((key, None, FLAGS["flags"][key]["variants"]["a"]) for key in ("number", "text", "list", "nothing")),
    ],
)
def test_a_value_is_of_the_type_of_its_default(kit: Reliakit, key: str, default: Any, expected: Any) -> None:
    """Otherwise code would meet an int where it does arithmetic on floats, or a text where it counts."""
    found = kit.value(key, default, user="u")
    assert found == expected
    assert default is None or type(found) is type(default)
    assert kit.evaluate(key, default, user="u").error_code is None


@pytest.mark.parametrize(
    ("key", "default"),
    [("text", 1), ("number", "x"), ("number", True), ("truth", 1), ("on", 1), ("on", 1.0), ("ratio", 1),
     ("list", {}), ("mapping", []), ("list", ()), ("nothing", "x"), ("nothing", False)],
)  # fmt: skip
def test_a_value_of_another_type_is_the_default(kit: Reliakit, key: str, default: Any) -> None:
    """Otherwise an edit of the file could raise TypeErrors all over an app."""
    found = kit.evaluate(key, default, user="u")
    assert found.value is default
    assert (found.reason, found.error_code, found.variant) == (Reason.ERROR, ErrorCode.TYPE_MISMATCH, None)
    assert kit.value(key, default, user="u") is default


def test_a_flag_that_is_no_switch_is_not_enabled(kit: Reliakit) -> None:
    """Otherwise every text would be an enabled flag."""
    for key in ("number", "text", "list", "nothing"):
        assert kit.enabled(key, "u") is False
        assert kit.enabled(key, "u", default=True) is True


def test_changing_a_value_does_not_change_the_flag(kit: Reliakit) -> None:
    """Otherwise one request could edit the flag of all others."""
    kit.value("list", [], user="u")[1].append(3)
    kit.value("mapping", dict[str, Any](), user="u")["b"]["c"] = 2
    kit.evaluate("list").value.append(4)
    assert kit.value("list", [], user="u") == [1, [2]]
    assert kit.value("mapping", {}, user="u") == {"b": {"c": 1}}


@pytest.mark.parametrize(
    ("key", "given", "error"),
    [
        ("missing", {"user": "u"}, ErrorCode.FLAG_NOT_FOUND),
        ("half", {}, ErrorCode.TARGETING_KEY_MISSING),
        ("half", {"user": True}, ErrorCode.INVALID_CONTEXT),
        ("on", {"user": False}, ErrorCode.INVALID_CONTEXT),
        ("half", {"user": 1.5}, ErrorCode.INVALID_CONTEXT),
        ("half", {"user": b"u"}, ErrorCode.INVALID_CONTEXT),
        ("half", {"user": ("u",)}, ErrorCode.INVALID_CONTEXT),
        ("half", {"user": 10**5000}, ErrorCode.INVALID_CONTEXT),
        ("pro", {"user": "u", "context": "pro"}, ErrorCode.INVALID_CONTEXT),
        ("pro", {"user": "u", "context": ["plan"]}, ErrorCode.INVALID_CONTEXT),
        ("pro", {"context": 5}, ErrorCode.INVALID_CONTEXT),
        ([], {"user": "u"}, ErrorCode.GENERAL),
    ],
)
def test_what_can_not_be_answered_is_the_default_with_a_reason(
    kit: Reliakit, key: str, given: dict[str, Any], error: ErrorCode
) -> None:
    """Otherwise a mistake in a call would look like a flag that is off."""
    for default in ("mine", None):
        found = kit.evaluate(key, default, **given)
        assert (found.value, found.reason, found.error_code) == (default, Reason.ERROR, error)
        assert found.error_message
    assert kit.enabled(key, default=True, **given) is True
    assert kit.enabled(key, **given) is False


def test_whole_numbers_and_uuids_are_users_like_their_texts(kit: Reliakit) -> None:
    """Otherwise one person would be in a rollout on the web and out of it in the app."""
    for number in range(200):
        assert kit.enabled("half", number) is kit.enabled("half", str(number))
        uuid = UUID(int=number)
        assert kit.enabled("half", uuid) is kit.enabled("half", str(uuid))


def test_an_evaluation_is_neither_true_nor_false(kit: Reliakit) -> None:
    """Otherwise `if kit.evaluate(…)` would be on for everybody."""
    with pytest.raises(TypeError, match=r"use `\.value`, or kit\.enabled\('on'"):
        bool(kit.evaluate("on", user="u"))


def test_an_explanation_agrees_with_the_evaluation_and_counts_nothing(kit: Reliakit) -> None:
    """Otherwise support would tell people one thing and the app another."""
    asked = [(key, user) for key in KEYS for user in (None, "u", "v")]
    explained = [kit.explain(key, user, context={"plan": "pro"}).evaluation for key, user in asked]
    assert counted(kit) == {}
    for told, (key, user) in zip(explained, asked, strict=True):
        found = kit.evaluate(key, user=user, context={"plan": "pro"})
        assert (told.value, told.variant, told.reason) == (found.value, found.variant, found.reason)
        assert told.error_code is found.error_code


def total(kit: Reliakit) -> int:
    return sum(count for name, count in counted(kit).items() if isinstance(name, Given | Unknown))


def _in_a_block(kit: Reliakit) -> None:
    with kit.identify("u"):
        kit.enabled("half")


def _pinned(kit: Reliakit) -> None:
    with kit.override({"half": True, "unheard of": 5}):
        kit.enabled("half")


def _too_large(kit: Reliakit) -> None:
    with kit.override({"number": 10**400}):
        assert kit.value("number", 1.0) == 1.0


CALLS: dict[str, Callable[[Reliakit], Any]] = {
    "enabled": lambda kit: kit.enabled("half", "u"),
    "enabled, by a whole number": lambda kit: kit.enabled("half", 5),
    "enabled, of a text": lambda kit: kit.enabled("text", "u"),
    "enabled, by a bool": lambda kit: kit.enabled("half", True),
    "enabled, without a user": lambda kit: kit.enabled("half"),
    "enabled, of a static flag, without a user": lambda kit: kit.enabled("on"),
    "enabled, by a rule": lambda kit: kit.enabled("pro", "u", context={"plan": "pro"}),
    "enabled, by a rule that misses": lambda kit: kit.enabled("pro", "u"),
    "enabled, of nothing": lambda kit: kit.enabled("missing", "u"),
    "value": lambda kit: kit.value("number", 1),
    "value, of another type": lambda kit: kit.value("number", "x"),
    "value, that does not fit": _too_large,
    "value, copied": lambda kit: kit.value("list", []),
    "evaluate": lambda kit: kit.evaluate("truth", user="u"),
    "evaluate, of no key": lambda kit: kit.evaluate(5, user="u"),  # type: ignore[arg-type]
    "evaluate, of what can be no key": lambda kit: kit.evaluate([]),  # type: ignore[arg-type]
    "in a block": _in_a_block,
    "pinned": _pinned,
}


@pytest.mark.parametrize("name", CALLS)
def test_each_call_counts_once(kit: Reliakit, name: str) -> None:
    """Otherwise shares and rollouts would be judged by wrong figures."""
    for times in range(1, 5):
        CALLS[name](kit)
        assert total(kit) == times


def test_counts_of_many_threads_are_exact_from_the_first_call(kit: Reliakit) -> None:
    """Otherwise the first requests after a start or an edit would be lost."""
    together = threading.Barrier(8)

    def work() -> None:
        together.wait()
        for number in range(500):
            for key in KEYS:
                kit.enabled(key, f"user-{number}")
                kit.value(key, None, user=number)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert total(kit) == 8 * 500 * 2 * len(KEYS)


def test_keys_that_nobody_defined_are_counted_within_bounds(kit: Reliakit) -> None:
    """Otherwise a key that comes from a visitor would fill the memory and the metrics."""
    for number in range(1000):
        kit.enabled(f"made-up-{number}", "u")
        kit.evaluate(f"made-up-too-{number}", user=True)
    for odd in ("x" * 5000, "\ud800", "a\nb", "ключ", 5, None, b"x", ()):
        kit.enabled(odd, "u")  # type: ignore[arg-type]
    names = [name for name in counted(kit) if isinstance(name, Unknown)]
    assert len(names) <= 101
    assert max(len(name.flag) for name in names) <= 200
    assert total(kit) == 2008


class Evil:
    """Raises whatever is done to it."""

    def _raise(self, *arguments: Any) -> Any:
        raise ValueError(self)

    __str__ = __repr__ = __eq__ = __hash__ = __len__ = __iter__ = __bool__ = __float__ = _raise

    def __getattr__(self, name: str) -> Any:
        raise ValueError(self)


class EvilMapping(dict[str, Any]):
    def _raise(self, *arguments: Any) -> Any:
        raise ValueError(Evil())

    __getitem__ = get = __bool__ = __len__ = __iter__ = keys = items = __contains__ = _raise


plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.uuids()
anything = (
    plain
    | st.sampled_from(KEYS)
    | st.builds(Evil)
    | st.builds(EvilMapping)
    | st.builds(object)
    | st.lists(plain, max_size=3)
    | st.dictionaries(st.text() | st.just("plan"), plain, max_size=3)
    | st.just(10**5000)
    | st.just("\ud800")
)


@pytest.fixture(scope="module")
def one_kit() -> Any:
    kit = Reliakit(FLAGS)
    yield kit
    assert kit.close()


@given(st.sampled_from(KEYS) | anything, anything, anything, anything)
def test_a_flag_check_never_raises(one_kit: Any, key: Any, user: Any, context: Any, default: Any) -> None:
    """Otherwise a flag could take down the page that it is on."""
    assert isinstance(one_kit.enabled(key, user, context=context), bool)
    one_kit.enabled(key, user, context=context, default=default)
    one_kit.value(key, default, user=user, context=context)
    assert isinstance(one_kit.evaluate(key, default, user=user, context=context), Evaluation)
    with one_kit.identify(user, plan=context):
        one_kit.enabled(key)
        one_kit.evaluate(key, default, context=context)
    assert one_kit._runtime.scope.get() is None


@given(st.dictionaries(st.text(max_size=20), anything, max_size=3))
def test_a_pinned_flag_never_raises(one_kit: Any, pins: dict[str, Any]) -> None:
    """Otherwise a test that pins an odd value would fail in the wrong place."""
    with one_kit.override(pins):
        for key in pins:
            one_kit.enabled(key)
            one_kit.value(key, [])
            one_kit.value(key, 1.0)
            one_kit.evaluate(key)
    assert one_kit.status().overrides == ()
