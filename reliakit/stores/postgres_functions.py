"""What the PostgreSQL store does in more than one statement, as functions of the database: one round trip each.

A pooler may change servers between transactions, and then a function is also what stays compiled.
"""

__all__ = ["FUNCTIONS"]

# The row of the worker is locked first, so two reports of one incarnation never interleave. All rows that workers
# share are locked in the order of their names, so no two reports wait for each other. A sum is kept in eight rows, one
# of which a worker touches: with a single row all workers queue for it until each commit is on disk, and with none,
# adding up workers' own rows, a read costs as much as there are workers. A lock is waited for no longer than callers
# wait for an answer: what has been given up must not queue behind a lock, again and again, until connections run out.
_PUBLISH = """\
CREATE OR REPLACE FUNCTION {schema}.publish(
    _worker text, _sequence bigint, _about text,
    _series text[], _totals bigint[], _sets text[], _members bigint[],
    OUT "time" double precision, OUT revision bigint, OUT accepted boolean, OUT known boolean,
    OUT counted bigint
) LANGUAGE plpgsql SET lock_timeout = '2s' AS $$
#variable_conflict use_column
DECLARE
    _id bigint;
BEGIN
    known := true;
    FOR _try IN 1..2 LOOP -- the second is for a report that met the first one ever of its incarnation
        UPDATE {schema}.workers SET sequence = _sequence, about = _about, seen = clock_timestamp()
            WHERE name = _worker AND retired IS NULL AND sequence < _sequence RETURNING id INTO _id;
        EXIT WHEN FOUND;
        INSERT INTO {schema}.workers (name, sequence, about) VALUES (_worker, _sequence, _about)
            ON CONFLICT (name) DO NOTHING RETURNING id INTO _id;
        known := NOT FOUND;
        EXIT WHEN FOUND;
    END LOOP;
    SELECT coalesce(bool_and(retired IS NULL), false), coalesce(max(sequence) FILTER (WHERE retired IS NOT NULL), 0)
        FROM {schema}.workers WHERE name = _worker INTO accepted, counted;
    IF _id IS NOT NULL AND cardinality(_series) > 0 THEN
        WITH reported AS (
            SELECT series, total FROM unnest(_series, _totals) AS r (series, total)
        ), grown AS MATERIALIZED (
            SELECT r.series, r.total - coalesce(c.total, 0) AS count
            FROM reported r LEFT JOIN {schema}.counts c ON c.worker = _id AND c.series = r.series
        ), kept AS (
            INSERT INTO {schema}.counts (worker, series, total) SELECT _id, series, total FROM reported
            ON CONFLICT (worker, series) DO UPDATE SET total = excluded.total
        )
        INSERT INTO {schema}.sums AS s (series, shard, count)
            SELECT series, _id % 8, count FROM grown WHERE count <> 0 ORDER BY series
            ON CONFLICT (series, shard) DO UPDATE SET count = s.count + excluded.count;
    END IF;
    IF _id IS NOT NULL AND cardinality(_sets) > 0 THEN
        INSERT INTO {schema}.sets (name, touched) -- not each time: all workers of an incident would queue for the row
            SELECT name, clock_timestamp() FROM (SELECT DISTINCT unnest(_sets) AS name) r
            WHERE NOT EXISTS (
                SELECT FROM {schema}.sets s
                WHERE s.name = r.name AND s.touched > clock_timestamp() - interval '30 seconds'
            ) ORDER BY name
            ON CONFLICT (name) DO UPDATE SET touched = excluded.touched;
        INSERT INTO {schema}.marks (name, member)
            SELECT name, member FROM unnest(_sets, _members) AS r (name, member) ORDER BY name, member
            ON CONFLICT DO NOTHING;
    END IF;
    PERFORM {schema}.sweep();
    SELECT h.revision, extract(epoch FROM clock_timestamp()) FROM {schema}.head h INTO revision, "time";
END $$;
"""

# Once a minute, by whoever comes first; so much at once that it keeps up with a thousand new workers a minute.
_SWEEP = """\
CREATE OR REPLACE FUNCTION {schema}.sweep() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM {schema}.upkeep WHERE swept < clock_timestamp() - interval '1 minute' FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    UPDATE {schema}.upkeep SET swept = clock_timestamp();
    WITH old AS (
        SELECT name FROM {schema}.sets WHERE touched < clock_timestamp() - interval '5 minutes' LIMIT 100
        FOR UPDATE SKIP LOCKED
    ), gone AS (
        DELETE FROM {schema}.sets s USING old WHERE s.name = old.name RETURNING s.name
    )
    DELETE FROM {schema}.marks m USING gone WHERE m.name = gone.name;
    WITH old AS (
        SELECT name FROM {schema}.workers WHERE retired < clock_timestamp() - interval '25 hours'
        ORDER BY retired LIMIT 1000 FOR UPDATE SKIP LOCKED
    )
    DELETE FROM {schema}.workers w USING old WHERE w.name = old.name;
    WITH old AS (
        SELECT name FROM {schema}.leases WHERE until < clock_timestamp() - interval '1 day' LIMIT 100
        FOR UPDATE SKIP LOCKED
    )
    DELETE FROM {schema}.leases l USING old WHERE l.name = old.name;
END $$;
"""

_RETIRE = """\
CREATE OR REPLACE FUNCTION {schema}.retire(_worker text, _silent double precision) RETURNS boolean
LANGUAGE plpgsql SET lock_timeout = '2s' AS $$
DECLARE
    _id bigint;
BEGIN
    UPDATE {schema}.workers SET retired = clock_timestamp(), about = '{}'
        WHERE name = _worker AND retired IS NULL AND seen <= clock_timestamp() - make_interval(secs => _silent)
        RETURNING id INTO _id;
    DELETE FROM {schema}.counts WHERE worker = _id;
    PERFORM {schema}.sweep();
    RETURN EXISTS (SELECT FROM {schema}.workers WHERE name = _worker AND retired IS NOT NULL);
END $$;
"""

# The lock keeps reports out, so that the order in which rows are taken does not matter.
_ABSORB = """\
CREATE OR REPLACE FUNCTION {schema}.absorb(_prefix text, _into text) RETURNS void
LANGUAGE plpgsql SET lock_timeout = '2s' AS $$
DECLARE
    _series text[];
    _counts bigint[];
BEGIN
    IF NOT EXISTS (SELECT FROM {schema}.sums WHERE series ^@ _prefix) THEN
        RETURN;
    END IF;
    LOCK TABLE {schema}.sums IN SHARE ROW EXCLUSIVE MODE;
    WITH gone AS (DELETE FROM {schema}.sums WHERE series ^@ _prefix RETURNING series, count)
        SELECT array_agg(series), array_agg(count) FROM gone INTO _series, _counts;
    INSERT INTO {schema}.sums AS s (series, shard, count)
        SELECT _into || substr(series, length(_prefix) + 1), 0, sum(count)
        FROM unnest(_series, _counts) AS g (series, count) GROUP BY series
        ON CONFLICT (series, shard) DO UPDATE SET count = s.count + excluded.count;
END $$;
"""

# Commits queue for the row of the head: numbers without gaps, and versions that nobody sees twice.
_COMMIT = """\
CREATE OR REPLACE FUNCTION {schema}.commit(
    _keys text[], _texts text[], _expected bigint[], _events text[], _head bigint, _announce boolean
) RETURNS boolean LANGUAGE plpgsql SET lock_timeout = '2s' AS $$
DECLARE
    _now {schema}.head;
BEGIN
    SELECT * FROM {schema}.head INTO _now FOR UPDATE;
    IF cardinality(_events) > 0 AND _now.number <> _head OR EXISTS (
        SELECT FROM unnest(_keys, _expected) AS w (key, expected) LEFT JOIN {schema}.documents d ON d.key = w.key
        WHERE coalesce(d.version, 0) <> w.expected
    ) THEN
        RETURN false;
    END IF;
    DELETE FROM {schema}.documents d USING unnest(_keys, _texts) AS w (key, text)
        WHERE d.key = w.key AND w.text IS NULL;
    INSERT INTO {schema}.documents (key, version, text)
        SELECT key, _now.version + place, text
        FROM unnest(_keys, _texts) WITH ORDINALITY AS w (key, text, place) WHERE text IS NOT NULL
        ON CONFLICT (key) DO UPDATE SET version = excluded.version, text = excluded.text;
    INSERT INTO {schema}.journal (number, text)
        SELECT _now.number + place, text FROM unnest(_events) WITH ORDINALITY AS e (text, place);
    UPDATE {schema}.head SET
        version = version + cardinality(_keys), number = number + cardinality(_events),
        revision = revision + _announce::integer;
    IF _announce THEN
        PERFORM pg_notify('{schema}_changes', '');
    END IF;
    RETURN true;
END $$;
"""

FUNCTIONS = (_PUBLISH, _SWEEP, _RETIRE, _ABSORB, _COMMIT)
"""SQL in which `{schema}` stands for the name of the schema."""
