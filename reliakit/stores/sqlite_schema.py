"""The tables of a store in SQLite, and which versions of reliakit may share them.

The format is a generation and a step. A newer step only adds tables, and columns that have defaults, so versions that
know different steps of a generation use a file together. Those that don't know its generation leave it alone.
"""

from sqlite3 import Connection

from reliakit.stores.protocol import StoreError
from reliakit.stores.sqlite_transactions import reading, writing

__all__ = ["prepare"]

_GENERATION, _STEP = 1, 0
_APPLICATION = 0x726B6974  # "rkit"
_TABLES = """
CREATE TABLE IF NOT EXISTS state (only INTEGER PRIMARY KEY CHECK (only = 1), revision INTEGER, version INTEGER);
CREATE TABLE IF NOT EXISTS sums (name TEXT PRIMARY KEY, total INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS workers (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, sequence INTEGER NOT NULL, seen REAL NOT NULL, about TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS counts (
    worker INTEGER, name TEXT, total INTEGER NOT NULL, PRIMARY KEY (worker, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tombstones (
    name TEXT PRIMARY KEY, since REAL NOT NULL, sequence INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS marked (name TEXT PRIMARY KEY, last REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS marks (name TEXT, member INTEGER, PRIMARY KEY (name, member)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS documents (name TEXT PRIMARY KEY, version INTEGER NOT NULL, text TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS journal (number INTEGER PRIMARY KEY, text TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS leases (
    name TEXT PRIMARY KEY, holder TEXT NOT NULL, since REAL NOT NULL, until REAL NOT NULL
) WITHOUT ROWID
"""


def prepare(connection: Connection, where: str, now: float) -> None:
    """Makes the tables that are missing.

    Raises:
        StoreError: the file belongs to another program, or to a newer reliakit.
    """
    with reading(
        connection
    ):  # in one moment: what another process makes meanwhile would look like a stranger's
        known = _format(connection, where)
    if known >= (_GENERATION, _STEP):
        return
    with writing(connection):
        if _format(connection, where) < (_GENERATION, _STEP):  # nobody else was faster
            _make(connection, now)


def _make(connection: Connection, now: float) -> None:
    for table in _TABLES.split(";"):  # not executescript, which would commit first
        connection.execute(table)
    # Numbers begin at the time in microseconds, so that a file that is made anew, where one was deleted, has none that
    # the old one had: workers would take an old version, or revision, for the new one.
    connection.execute("INSERT OR IGNORE INTO state VALUES (1, ?1, ?1)", (int(now * 1_000_000),))
    connection.execute(f"PRAGMA application_id = {_APPLICATION}")
    connection.execute(f"PRAGMA user_version = {_GENERATION * 1_000 + _STEP}")


def _format(connection: Connection, where: str) -> tuple[int, int]:
    """Returns the generation and the step; (0, 0) of an empty file."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    if application != _APPLICATION:
        if application or connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
            raise StoreError(f"{where} is a database of another program; name another file as the store")
        return 0, 0
    (number,) = connection.execute("PRAGMA user_version").fetchone()
    generation, step = divmod(number, 1_000)
    if generation > _GENERATION:
        raise StoreError(
            f"{where} was written by a newer reliakit (format {generation}, this one knows {_GENERATION}); "
            f"upgrade this one, or name another file as the store"
        )
    return generation, step
