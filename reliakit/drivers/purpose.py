"""Whom a connection is for, in what its failures say."""

from dataclasses import dataclass

from reliakit.errors import ReliakitError

__all__ = ["Purpose"]


@dataclass(frozen=True, slots=True)
class Purpose:
    """Whom a connection is for.

    Attributes:
        kind: what people know it as: a store, a source.
        failure: what is raised where the server can't be used.
        privileges: what to do where the server knows its user and lets it do too little.
    """

    kind: str
    failure: type[ReliakitError]
    privileges: str
