"""What is wrong with the store and with those who are to be told."""

from collections.abc import Iterator

from reliakit.definitions.models import Definitions
from reliakit.definitions.operating_models import StoreSection
from reliakit.definitions.problems import Path, Problem, describe, suggestion

__all__ = ["operating_problems"]

_ALONE = ("sqlite", "memory")
_SCHEMES = ("sqlite", "redis", "rediss", "unix", "redis+sentinel", "redis+cluster", "postgresql")
_KNOWN = "sqlite, sqlite:///path, memory, redis://…, rediss://…, unix://…, redis+sentinel://…, redis+cluster://… and postgresql://…"


def operating_problems(definitions: Definitions) -> Iterator[Problem]:
    """Yields the problems of the sections `store` and `notify`."""
    store = definitions.store
    if isinstance(store, StoreSection):
        yield from _store(store.url, ("store", "url"))
    elif store is not None:
        yield from _store(store, ("store",))
    for index, whom in enumerate(definitions.notify):
        if not whom.on:
            message = "expected one of the events in it, or nobody is ever told"
            yield Problem(("notify", index, "on"), message, "take `on` out, or the whole item")


def _store(written: str, path: Path) -> Iterator[Problem]:
    scheme, slashes, rest = written.partition("://")
    if written in _ALONE or (slashes and scheme in _SCHEMES and _is_complete(scheme, rest)):
        return
    if scheme in _SCHEMES:
        example = "sqlite:///data/reliakit.db" if scheme == "sqlite" else f"{scheme}://…"
        yield Problem(path, f"expected an address such as {example}, and nothing stands behind its //")
        return
    hint = _INSTEAD.get(scheme.lower()) or suggestion(scheme, [*_SCHEMES, *_ALONE])
    # Of an address only the scheme is shown, and of anything else nothing, since it may hold a password.
    named = f"store {describe(scheme)}" if hint or (slashes and scheme.isalnum()) else "such store"
    yield Problem(path, f"there is no {named}", hint or f"there are {_KNOWN}")


def _is_complete(scheme: str, rest: str) -> bool:
    return rest.startswith("/") and len(rest) > 1 if scheme == "sqlite" else bool(rest)


_INSTEAD = {
    "valkey": "Valkey speaks the protocol of Redis: write redis://…",
    "valkeys": "Valkey speaks the protocol of Redis: write rediss://…",
    "postgres": "write postgresql://…",
    "file": "write sqlite:///path",
}
