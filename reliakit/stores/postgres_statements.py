"""The statements of the PostgreSQL store: one, and so one round trip and one moment, for each thing it does."""

from dataclasses import dataclass, fields, replace

from reliakit.stores.postgres_schema import checked

__all__ = ["Statements", "statements"]


@dataclass(frozen=True, slots=True)
class Statements:
    """SQL for one schema. What varies are parameters; only the schema's name, which was checked, is written in."""

    publish: str = """
        SELECT "time", revision, accepted, known, counted FROM {schema}.publish(
            %s::text, %s::bigint, %s::text, %s::text[], %s::bigint[], %s::text[], %s::bigint[]
        )"""
    totals: str = """
        SELECT extract(epoch FROM clock_timestamp())::float8,
            s.names, s.counts, m.names, m.counts, w.names, w.abouts, w.times
        FROM (
            SELECT array_agg(series) AS names, array_agg(count) AS counts FROM (
                SELECT series, sum(count)::bigint AS count FROM {schema}.sums WHERE series ^@ %s GROUP BY series
            ) x
        ) s, (
            SELECT array_agg(name) AS names, array_agg(count) AS counts FROM (
                SELECT name, count(*) AS count FROM {schema}.marks WHERE name ^@ %s GROUP BY name
            ) x
        ) m, (
            SELECT array_agg(name) AS names, array_agg(about) AS abouts,
                array_agg(extract(epoch FROM seen)::float8) AS times
            FROM {schema}.workers WHERE retired IS NULL
        ) w"""
    retire: str = "SELECT {schema}.retire(%s::text, %s::float8)"
    absorb: str = "SELECT {schema}.absorb(%s::text, %s::text)"
    read: str = """
        SELECT h.revision, extract(epoch FROM clock_timestamp())::float8, d.keys, d.versions, d.texts
        FROM {schema}.head h, (
            SELECT array_agg(key) AS keys, array_agg(version) AS versions, array_agg(text) AS texts
            FROM {schema}.documents WHERE key ^@ ANY (%s::text[])
        ) d"""
    commit: str = (
        "SELECT {schema}.commit(%s::text[], %s::text[], %s::bigint[], %s::text[], %s::bigint, %s::boolean)"
    )
    last: str = "SELECT number, text FROM {schema}.journal ORDER BY number DESC LIMIT 1"
    journal: str = (
        "SELECT number, text FROM {schema}.journal WHERE number > %s::bigint ORDER BY number LIMIT %s::bigint"
    )
    prune: str = """
        WITH old AS (
            SELECT number FROM {schema}.journal
            WHERE number < least(%s::bigint, (SELECT max(number) FROM {schema}.journal)) ORDER BY number LIMIT %s::bigint
        ), gone AS (
            DELETE FROM {schema}.journal j USING old WHERE j.number = old.number RETURNING 1
        )
        SELECT count(*) FROM gone"""
    lease: str = """
        INSERT INTO {schema}.leases AS l (name, holder, since, until)
        SELECT %s::text, %s::text, moment, moment + make_interval(secs => %s::float8) FROM clock_timestamp() AS moment
        ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, since = excluded.since, until = excluded.until
        WHERE l.holder = excluded.holder OR excluded.since NOT BETWEEN l.since - (l.until - l.since) AND l.until
        RETURNING true"""
    """One that has far more to go than it ever had was taken before the server's clock went back."""
    release: str = "DELETE FROM {schema}.leases WHERE name = %s::text AND holder = %s::text RETURNING true"
    format: str = "SELECT format, readable FROM {schema}.format"
    listen: str = "LISTEN {schema}_changes"


def statements(schema: str) -> Statements:
    """Returns the statements for a schema.

    Raises:
        UsageError: its name has other characters than small letters, digits and `_`.
    """
    plain, name = Statements(), checked(schema)
    texts = {field.name: getattr(plain, field.name) for field in fields(plain)}
    return replace(plain, **{key: text.replace("{schema}", name) for key, text in texts.items()})
