"""From the address of a store to the store. Drivers are imported when one of theirs is opened."""

import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from reliakit.errors import UsageError
from reliakit.stores.protocol import Store

__all__ = ["Address", "beside", "open_store"]


@dataclass(frozen=True, slots=True)
class Address:
    """Which store, and which part of it.

    Attributes:
        url: `sqlite`, `sqlite:///path`, `memory`, or a URL of Redis, Valkey or PostgreSQL.
        namespace: keeps several applications in one server apart; a schema in PostgreSQL.
        auto_migrate: whether PostgreSQL's schema is brought up to date when needed.
    """

    url: str = "sqlite"
    namespace: str = "reliakit"
    auto_migrate: bool = True


def open_store(address: Address, default: Path) -> Store:
    """Returns the store at an address; nothing is connected to yet.

    Args:
        address: which one.
        default: the file of a plain `sqlite`.

    Raises:
        UsageError: there is no such kind of store.
        MissingExtraError: its driver is not installed.
    """
    scheme, _, rest = address.url.partition("://")
    if scheme in ("sqlite", "memory"):
        return _local(scheme, rest, default)
    if scheme == "postgresql":
        from reliakit.stores.postgres import PostgresStore

        return PostgresStore(address.url, address.namespace, auto_migrate=address.auto_migrate)
    if scheme in ("redis", "rediss", "unix", "redis+sentinel", "redis+cluster"):
        from reliakit.stores.redis import RedisStore

        return RedisStore(address.url, address.namespace)
    raise UsageError(f"there is no store {scheme!r}; write sqlite, redis://… or postgresql://…")


def _local(scheme: str, rest: str, default: Path) -> Store:
    if scheme == "memory":
        from reliakit.stores.memory import MemoryStore

        return MemoryStore()
    from reliakit.stores.sqlite import SQLiteStore

    # Three slashes and a relative path, or four and an absolute one, as SQLAlchemy has it.
    return SQLiteStore(Path(rest.removeprefix("/")) if rest else default)


def beside(file: Path, folder: Path) -> Path:
    """Returns where the state of a definitions file is kept on this host: in `.reliakit` beside it, or where nobody
    may write there (a mounted ConfigMap), in `folder`.

    Args:
        file: the definitions.
        folder: where the host's processes keep what should outlive them.
    """
    home = file.absolute().parent
    kept = home / ".reliakit"
    # What exists is the place, whoever asks: an operator with another user id must not look at an empty store.
    if (kept / f"{file.stem}.db").exists() or os.access(kept if kept.exists() else home, os.W_OK):
        return kept / f"{file.stem}.db"
    return folder / f"state-{sha256(str(file.absolute()).encode()).hexdigest()[:16]}.db"
