"""The tables and functions of the PostgreSQL store, as SQL that may run any number of times.

What a format has is never altered by a later one, since the versions before and after share a store while they are
being deployed: a later format adds tables, columns with defaults, and functions under new names, and `readable` tells
which older formats can still work beside it.
"""

import re

from reliakit.errors import UsageError
from reliakit.stores.postgres_functions import FUNCTIONS

__all__ = ["FORMAT", "checked", "migration_sql"]

FORMAT = 1
"""What this version makes and knows."""
_READABLE = 1
"""The lowest format whose code can use what this version makes."""
_SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,47}")


def checked(schema: str) -> str:
    """Returns the name of a schema as it may stand in SQL without quotes.

    Raises:
        UsageError: it is not made of small letters, digits and `_`, 48 at most.
    """
    if not _SCHEMA.fullmatch(schema):
        raise UsageError(
            f"{schema!r} can't name a schema: use small letters, digits and _, at most 48, such as 'reliakit'"
        )
    return schema


def migration_sql(schema: str = "reliakit") -> str:
    """Returns what makes the schema, or brings it to this version's format; it changes nothing where that was done.

    Raises:
        UsageError: the schema's name has other characters than small letters, digits and `_`.
    """
    text = "\n".join((_BEGIN, _TABLES, *FUNCTIONS, _END))
    for name, value in (("schema", checked(schema)), ("format", FORMAT), ("readable", _READABLE)):
        text = text.replace(f"{{{name}}}", str(value))
    return text


# The check comes before CREATE SCHEMA because that asks for a privilege on the database also where there is nothing
# to create. Of all encodings only UTF-8 holds every text.
_BEGIN = """\
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT pg_advisory_xact_lock(hashtextextended('reliakit schema {schema}', 0));

DO $$ BEGIN
    IF current_setting('server_encoding') <> 'UTF8' THEN
        RAISE EXCEPTION 'the encoding of this database is %, and has to be UTF8', current_setting('server_encoding');
    END IF;
    IF to_regnamespace('{schema}') IS NULL THEN
        CREATE SCHEMA {schema};
    END IF;
END $$;
"""

# Series and names compare by their bytes, so that a prefix is one. Half of a page is left free where rows change all
# the time: a row that finds room in its page needs no change of an index.
_TABLES = """\
CREATE TABLE IF NOT EXISTS {schema}.format (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    format integer NOT NULL,
    readable integer NOT NULL
);
CREATE TABLE IF NOT EXISTS {schema}.head (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    version bigint NOT NULL DEFAULT 0,
    revision bigint NOT NULL DEFAULT 0,
    number bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 10);
CREATE TABLE IF NOT EXISTS {schema}.upkeep (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    swept timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 10);
CREATE TABLE IF NOT EXISTS {schema}.documents (
    key text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    text text NOT NULL
);
CREATE TABLE IF NOT EXISTS {schema}.journal (
    number bigint PRIMARY KEY,
    text text NOT NULL
);
CREATE TABLE IF NOT EXISTS {schema}.workers (
    name text COLLATE "C" PRIMARY KEY,
    id bigint GENERATED ALWAYS AS IDENTITY,
    sequence bigint NOT NULL,
    about text NOT NULL,
    seen timestamptz NOT NULL DEFAULT clock_timestamp(),
    retired timestamptz
) WITH (fillfactor = 50);
CREATE INDEX IF NOT EXISTS tombstones ON {schema}.workers (retired) WHERE retired IS NOT NULL;
CREATE TABLE IF NOT EXISTS {schema}.counts (
    worker bigint,
    series text COLLATE "C",
    total bigint NOT NULL,
    PRIMARY KEY (worker, series)
) WITH (fillfactor = 50);
CREATE TABLE IF NOT EXISTS {schema}.sums (
    series text COLLATE "C",
    shard integer,
    count bigint NOT NULL,
    PRIMARY KEY (series, shard)
) WITH (fillfactor = 50);
CREATE TABLE IF NOT EXISTS {schema}.sets (
    name text COLLATE "C" PRIMARY KEY,
    touched timestamptz NOT NULL
) WITH (fillfactor = 50);
CREATE TABLE IF NOT EXISTS {schema}.marks (
    name text COLLATE "C",
    member bigint,
    PRIMARY KEY (name, member)
);
CREATE TABLE IF NOT EXISTS {schema}.leases (
    name text COLLATE "C" PRIMARY KEY,
    holder text NOT NULL,
    since timestamptz NOT NULL DEFAULT clock_timestamp(),
    until timestamptz NOT NULL
) WITH (fillfactor = 50);
INSERT INTO {schema}.head DEFAULT VALUES ON CONFLICT DO NOTHING;
INSERT INTO {schema}.upkeep DEFAULT VALUES ON CONFLICT DO NOTHING;
"""

_END = """\
INSERT INTO {schema}.format AS f (format, readable) VALUES ({format}, {readable}) ON CONFLICT (one)
    DO UPDATE SET format = excluded.format, readable = excluded.readable WHERE f.format < excluded.format;
COMMIT;

-- Where workers log in as another role than the one that ran this, it needs:
-- GRANT USAGE ON SCHEMA {schema} TO their_role;
-- GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO their_role;
-- GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {schema} TO their_role;
"""
