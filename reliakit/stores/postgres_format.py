"""Finds out whether the tables of a database are those that this version needs, and makes them where it may."""

from typing import TYPE_CHECKING

from reliakit.stores.postgres_schema import FORMAT, migration_sql
from reliakit.stores.postgres_statements import Statements
from reliakit.stores.protocol import StoreError

if TYPE_CHECKING:
    from reliakit.drivers.postgres_link import Link, Row

__all__ = ["settle"]

_ABSENT = ("42P01", "3F000")


async def settle(link: "Link", statements: Statements, name: str, schema: str, *, migrate: bool) -> None:
    """Prepares a new connection.

    Raises:
        StoreError: the tables are missing or old and `migrate` is False, or they are of a later format that this
            version can't read.
    """
    found = await _format(link, statements)
    if found is None or found[0] < FORMAT:
        if not migrate:
            what = "has no tables of reliakit" if found is None else f"is of format {found[0]}"
            raise StoreError(
                f"{name} {what}, and this version needs format {FORMAT}; have what `reliakit store migrate --sql` "
                "prints run by whoever owns the database"
            )
        await link.run(migration_sql(schema))
    elif found[1] > FORMAT:
        raise StoreError(
            f"{name} was made by a later reliakit: its format {found[0]} can be used from {found[1]} on, and this "
            f"version knows {FORMAT}; update reliakit here"
        )


async def _format(link: "Link", statements: Statements) -> "Row | None":
    try:
        return next(iter(await link.fetch(statements.format)), None)
    except Exception as absent:
        if getattr(absent, "sqlstate", None) in _ABSENT:
            return None
        raise
