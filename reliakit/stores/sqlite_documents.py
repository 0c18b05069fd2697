"""Documents, the journal and leases in SQLite."""

from collections.abc import Callable, Sequence
from sqlite3 import Connection

from reliakit.stores.protocol import Document, Documents, Entry, Write
from reliakit.stores.sqlite_transactions import between, reading, writing

__all__ = ["commit", "journal", "last", "lease", "prune", "read", "release", "revision"]


def revision(connection: Connection) -> int:
    number: int = connection.execute("SELECT revision FROM state").fetchone()[0]
    return number


def read(connection: Connection, now: Callable[[], float], prefixes: Sequence[str]) -> Documents:
    found: dict[str, Document] = {}
    with reading(connection):
        number = revision(connection)
        for prefix in prefixes:
            rows = connection.execute(
                "SELECT name, version, text FROM documents WHERE name >= ? AND name < ?", between(prefix)
            )
            found.update((name, Document(version, text)) for name, version, text in rows)
        return Documents(number, now(), found)


def commit(
    connection: Connection, writes: Sequence[Write], events: Sequence[str], head: int, announce: bool
) -> bool:
    with writing(connection):
        if not all(_version(connection, write.key) == write.expected for write in writes):
            return False
        if events and head != _head(connection):
            return False
        for write in writes:
            _write(connection, write)
        connection.executemany("INSERT INTO journal VALUES (?, ?)", list(enumerate(events, head + 1)))
        if announce:
            connection.execute("UPDATE state SET revision = revision + 1")
        return True


def _version(connection: Connection, key: str) -> int:
    found = connection.execute("SELECT version FROM documents WHERE name = ?", (key,)).fetchone()
    return found[0] if found else 0


def _head(connection: Connection) -> int:
    return connection.execute("SELECT coalesce(max(number), 0) FROM journal").fetchone()[0]  # type: ignore[no-any-return]


def _write(connection: Connection, write: Write) -> None:
    if write.text is None:
        connection.execute("DELETE FROM documents WHERE name = ?", (write.key,))
        return
    connection.execute("UPDATE state SET version = version + 1")
    connection.execute(
        "INSERT INTO documents (name, version, text) VALUES (?, (SELECT version FROM state), ?)"
        " ON CONFLICT (name) DO UPDATE SET version = excluded.version, text = excluded.text",
        (write.key, write.text),
    )


def last(connection: Connection) -> Entry | None:
    found = connection.execute("SELECT number, text FROM journal ORDER BY number DESC LIMIT 1").fetchone()
    return Entry(*found) if found else None


def journal(connection: Connection, after: int, limit: int) -> list[Entry]:
    rows = connection.execute(
        "SELECT number, text FROM journal WHERE number > ? ORDER BY number LIMIT ?", (after, limit)
    )
    return [Entry(*row) for row in rows]


def prune(connection: Connection, before: int) -> None:
    with writing(connection):
        connection.execute(
            "DELETE FROM journal WHERE number < min(?, (SELECT max(number) FROM journal))", (before,)
        )


def lease(connection: Connection, now: Callable[[], float], name: str, holder: str, seconds: float) -> bool:
    with writing(connection):
        at = now()
        sql = "SELECT holder, since, until FROM leases WHERE name = ?"
        has, since, until = connection.execute(sql, (name,)).fetchone() or (holder, 0.0, 0.0)
        # One that has far more to go than it ever had was taken before the clock went back.
        if has != holder and 2 * since - until <= at < until:
            return False
        taken = (name, holder, at, at + seconds)
        connection.execute("INSERT OR REPLACE INTO leases VALUES (?, ?, ?, ?)", taken)
        return True


def release(connection: Connection, name: str, holder: str) -> None:
    with writing(connection):
        connection.execute("DELETE FROM leases WHERE name = ? AND holder = ?", (name, holder))
