"""`reliakit store`: what an administrator of the store needs."""

from dataclasses import replace
from pathlib import Path

import click

from reliakit.cli.options import place
from reliakit.cli.printing import Failure, print_line
from reliakit.cli.shared import Shared, used
from reliakit.stores.opening import Address

__all__ = ["command"]


@click.group("store")
def command() -> None:
    """Look after the store.

    \b
    Example:
      reliakit store migrate --sql | psql "$DATABASE_URL"
    """


@command.command("migrate")
@click.option("--sql", is_flag=True, help="Print the SQL instead, for somebody with the rights to run it.")
@click.option("--schema", metavar="NAME", help="Of PostgreSQL; by default the namespace of the store.")
@place
def _migrate(sql: bool, schema: str | None, file: Path, url: str | None) -> None:
    """Bring PostgreSQL's tables up to date.

    For stores with `auto_migrate: false`; others do it by themselves. It may be run any number of times, also while older workers use the tables.

    \b
    Examples:
      reliakit store migrate --sql
      reliakit store migrate --store postgresql://db.internal/app
    """
    from reliakit.stores.postgres_schema import migration_sql

    address = _address(file, url, optional=sql)
    address = replace(address, namespace=schema or address.namespace)
    if sql:
        click.echo(migration_sql(address.namespace))
        return
    if not address.url.startswith("postgresql://"):
        raise Failure("only PostgreSQL has tables to migrate; the definitions name another store")
    name = _migrated(file, replace(address, auto_migrate=True))
    print_line(f"{name} is up to date", "green")


def _address(file: Path, url: str | None, *, optional: bool) -> Address:
    from reliakit.cli.files import definitions_in
    from reliakit.runtime.address import address_of

    missing = not file.exists() and (optional or url is not None)
    found = Address() if missing else address_of(definitions_in(file))
    return replace(found, url=url) if url else found


def _migrated(file: Path, address: Address) -> str:
    from reliakit.stores.opening import open_store

    async def ask(shared: Shared) -> str:
        await shared.store.last()  # the first use of a store makes its tables
        return shared.name

    store = open_store(address, file)
    return used(Shared(file, None, (), store, store.name, store.scope), ask)
