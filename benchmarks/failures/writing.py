"""Puts a table into a page, where the page has room for it."""

import re

from benchmarks.machine import described
from benchmarks.table import Table

__all__ = ["written"]

_ROOM = re.compile(r"(?<=<!-- failures: begin -->\n).*(?=<!-- failures: end -->)", re.DOTALL)


def written(page: str, table: Table) -> str:
    """Returns a page with the table, what it was measured on and when.

    Raises:
        ValueError: the page has no room for it.
    """
    lines = table.markdown().splitlines()[2:]
    text = "\n".join(["", *lines, f"- {described()}", "", ""])
    found, count = _ROOM.subn(lambda _: text, page)
    if count != 1:
        raise ValueError(
            "the page needs one room for the table: <!-- failures: begin -->, <!-- failures: end -->"
        )
    return found
