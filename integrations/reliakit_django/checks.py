"""System checks of the setting RELIAKIT: what `manage.py` says is wrong with it, and how to mend it."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from os import PathLike
from typing import Any

from django.core.checks import CheckMessage, Error

from reliakit_django.conf import KEYS, ON_INVALID, SETTING, loaded, written

__all__ = ["check_setting"]


def check_setting(**_: Any) -> list[CheckMessage]:
    """Checks the keys and values of RELIAKIT, without looking at what they lead to."""
    try:
        given = written()
    except Exception as wrong:
        return [Error(str(wrong), hint=f"Write {SETTING} = {{...}}.", obj="settings", id="reliakit.E001")]
    return [*_unknown(given), *_unimportable(given), *_values(given)]


def _unknown(given: Mapping[str, Any]) -> Iterator[CheckMessage]:
    for key in given:
        if key not in KEYS:
            near = get_close_matches(str(key).upper(), KEYS, 1)
            hint = f"Did you mean {near[0]!r}?" if near else f"Known are {', '.join(KEYS)}."
            yield Error(f"{SETTING} has no key {key!r}.", hint=hint, obj="settings", id="reliakit.E002")


def _unimportable(given: Mapping[str, Any]) -> Iterator[CheckMessage]:
    for key, example in {"USER": "shop.flags.user", "CONTEXT": "shop.flags.context"}.items():
        yield from _callable(key, given.get(key), f"name a function that takes a request, as {example!r}")
    hint = "name a source, or what makes one when it is called"
    yield from _callable("SOURCE", given.get("SOURCE"), hint, source=True)


def _callable(key: str, named: Any, hint: str, *, source: bool = False) -> Iterator[CheckMessage]:
    where, hint = f"{SETTING}[{key!r}]", f"{hint[0].upper()}{hint[1:]}."
    try:
        found = loaded(named)
    except Exception as failed:
        said = f"{where}: {named!r} can't be imported: {failed}"
        yield Error(said, hint=hint, obj="settings", id="reliakit.E003")
        return
    if named is not None and not callable(found) and not (source and hasattr(found, "load")):
        said = f"{where} is {found!r}, which can't be called."
        yield Error(said, hint=hint, obj="settings", id="reliakit.E003")


def _values(given: Mapping[str, Any]) -> Iterator[CheckMessage]:
    on_invalid, store, config = (
        given.get("ON_INVALID", ON_INVALID[0]),
        given.get("STORE"),
        given.get("CONFIG"),
    )
    if on_invalid not in ON_INVALID:
        yield _wrong("ON_INVALID", on_invalid, " or ".join(map(repr, ON_INVALID)))
    if store is not None and not isinstance(store, str):
        yield _wrong("STORE", store, "a URL, as 'redis://localhost'")
    if config is not None and not isinstance(config, str | PathLike | Mapping):
        yield _wrong("CONFIG", config, "a path, a URL, or a dict with the same content")
    if "CONFIG" in given and given.get("SOURCE") is not None:
        said, hint = f"{SETTING} has both CONFIG and SOURCE.", "Leave one of them out."
        yield Error(said, hint=hint, obj="settings", id="reliakit.E005")


def _wrong(key: str, value: Any, expected: str) -> CheckMessage:
    said, hint = f"{SETTING}[{key!r}] is {value!r}.", f"Write {expected}."
    return Error(said, hint=hint, obj="settings", id="reliakit.E004")
