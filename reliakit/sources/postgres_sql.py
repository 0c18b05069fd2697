"""What a source in PostgreSQL runs: the table with its trigger, and the newest row."""

import re

from reliakit.errors import UsageError
from reliakit.sources.watching import LARGEST

__all__ = ["channel", "checked", "definitions_sql", "exists_sql", "newest_sql"]

_TABLE = re.compile(r"(?=.{1,48}$)(?:[a-z_][a-z0-9_]*\.)?[a-z_][a-z0-9_]*")


def checked(table: str) -> str:
    """Returns the name of a table as it may stand in SQL without quotes.

    Raises:
        UsageError: it has other characters than small letters, digits and `_`, with or without a schema before it,
            or more than 48 in all.
    """
    if not _TABLE.fullmatch(table):
        raise UsageError(
            f"{table!r} can't name a table: use small letters, digits and _, at most 48, such as "
            "'reliakit_definitions' or 'flags.definitions'"
        )
    return table


def channel(table: str) -> str:
    """Returns what is notified when the table changes."""
    return f"{table.replace('.', '_')}_changed"


def definitions_sql(table: str = "reliakit_definitions") -> str:
    """Returns what makes the table and what tells of its changes; it changes nothing where that was done.

    Raises:
        UsageError: the table's name can't be one.
    """
    return _TABLE_SQL.replace("{table}", checked(table)).replace("{channel}", channel(table))


def exists_sql(table: str) -> str:
    """Returns a statement that answers whether there is such a table."""
    return f"SELECT to_regclass('{table}') IS NOT NULL"


def newest_sql(table: str) -> str:
    """Returns a statement that answers the number, the format and the text of the newest row; no text where that is
    too large."""
    fits = f"CASE WHEN octet_length(text) <= {LARGEST} THEN text END"
    return f"SELECT id, format, {fits} FROM {table} ORDER BY id DESC LIMIT 1"  # noqa: S608 - the name is checked


_TABLE_SQL = """\
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT pg_advisory_xact_lock(hashtextextended('reliakit definitions {table}', 0));

CREATE TABLE IF NOT EXISTS {table} (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    text text NOT NULL,
    format text NOT NULL DEFAULT 'yaml' CHECK (format IN ('yaml', 'toml', 'json')),
    author text NOT NULL DEFAULT session_user,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE OR REPLACE FUNCTION {table}_tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('{channel}', '');
    RETURN NULL;
END $$;

DROP TRIGGER IF EXISTS tell ON {table};
CREATE TRIGGER tell AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION {table}_tell();
COMMIT;

-- Workers read, people write:
-- GRANT SELECT ON {table} TO workers;
-- GRANT SELECT, INSERT ON {table} TO people;
"""
