"""Counting in SQLite: reports, sums, and what becomes of those who are gone."""

from collections.abc import Callable
from sqlite3 import Connection

from reliakit.stores.protocol import Receipt, Report, Totals, Worker
from reliakit.stores.sqlite_transactions import between, reading, writing

__all__ = ["absorb", "publish", "retire", "totals"]

_MARKS_STAY = 600.0
_TOMBSTONES_STAY = 2 * 86_400.0

# The share of a worker is read where the sum is written, so that a report is two statements however long it is.
_GROW = """
    INSERT INTO sums (name, total)
    SELECT ?2, ?3 - coalesce((SELECT total FROM counts WHERE worker = ?1 AND name = ?2), 0) WHERE true
    ON CONFLICT (name) DO UPDATE SET total = total + excluded.total"""
_KEEP = """
    INSERT INTO counts (worker, name, total) VALUES (?1, ?2, ?3)
    ON CONFLICT (worker, name) DO UPDATE SET total = excluded.total"""
_ADD = "INSERT INTO sums (name, total) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET total = total + excluded.total"
_MARKS = """
    SELECT name, count(*) FROM marks JOIN marked USING (name)
    WHERE name >= ? AND name < ? AND last >= ? GROUP BY name"""


def publish(connection: Connection, now: Callable[[], float], report: Report) -> Receipt:
    with writing(connection):
        (revision,) = connection.execute("SELECT revision FROM state").fetchone()
        at = now()
        tombstone = connection.execute(
            "SELECT sequence FROM tombstones WHERE name = ?", (report.worker,)
        ).fetchone()
        if tombstone is not None:
            return Receipt(at, revision, accepted=False, sequence=tombstone[0])
        found = connection.execute(
            "SELECT id, sequence FROM workers WHERE name = ?", (report.worker,)
        ).fetchone()
        if found is None or found[1] < report.sequence:
            _count(connection, _seen(connection, found and found[0], report, at), report)
            _mark(connection, report, at)
        return Receipt(at, revision, known=found is not None)


def _seen(connection: Connection, known: int | None, report: Report, at: float) -> int | None:
    values = (report.sequence, at, report.about)
    if known is not None:
        connection.execute(
            "UPDATE workers SET sequence = ?, seen = ?, about = ? WHERE id = ?", (*values, known)
        )
        return known
    return connection.execute(
        "INSERT INTO workers (sequence, seen, about, name) VALUES (?, ?, ?, ?)", (*values, report.worker)
    ).lastrowid


def _count(connection: Connection, worker: int | None, report: Report) -> None:
    rows = [(worker, name, total) for name, total in report.totals.items()]
    connection.executemany(_GROW, rows)
    connection.executemany(_KEEP, rows)


def _mark(connection: Connection, report: Report, at: float) -> None:
    if not report.marks:
        return
    old = (at - _MARKS_STAY,)
    connection.execute("DELETE FROM marks WHERE name IN (SELECT name FROM marked WHERE last < ?)", old)
    connection.execute("DELETE FROM marked WHERE last < ?", old)
    connection.executemany(
        "INSERT OR IGNORE INTO marks VALUES (?, ?)",
        [(name, member) for name, members in report.marks.items() for member in members],
    )
    connection.executemany(
        "INSERT OR REPLACE INTO marked VALUES (?, ?)", [(name, at) for name in report.marks]
    )


def totals(connection: Connection, now: Callable[[], float], prefix: str) -> Totals:
    bounds = between(prefix)
    with reading(connection):
        sums = connection.execute(
            "SELECT name, total FROM sums WHERE name >= ? AND name < ?", bounds
        ).fetchall()
        at = now()
        marks = connection.execute(_MARKS, (*bounds, at - _MARKS_STAY)).fetchall()
        workers = connection.execute("SELECT name, about, seen FROM workers ORDER BY id").fetchall()
    return Totals(at, dict(sums), dict(marks), tuple(Worker(*row) for row in workers))


def retire(connection: Connection, now: Callable[[], float], worker: str, silent: float) -> bool:
    with writing(connection):
        at = now()
        connection.execute("DELETE FROM tombstones WHERE since < ?", (at - _TOMBSTONES_STAY,))
        found = connection.execute(
            "SELECT id, seen, sequence FROM workers WHERE name = ?", (worker,)
        ).fetchone()
        if found is None:
            return (
                connection.execute("SELECT 1 FROM tombstones WHERE name = ?", (worker,)).fetchone()
                is not None
            )
        if at - found[1] < silent:
            return False
        connection.execute("DELETE FROM counts WHERE worker = ?", found[:1])
        connection.execute("DELETE FROM workers WHERE id = ?", found[:1])
        connection.execute("INSERT INTO tombstones VALUES (?, ?, ?)", (worker, at, found[2]))
        return True


def absorb(connection: Connection, prefix: str, into: str) -> None:
    bounds = between(prefix)
    with writing(connection):
        rows = connection.execute(
            "SELECT name, total FROM sums WHERE name >= ? AND name < ?", bounds
        ).fetchall()
        connection.execute("DELETE FROM sums WHERE name >= ? AND name < ?", bounds)
        connection.executemany(_ADD, [(into + name.removeprefix(prefix), total) for name, total in rows])
