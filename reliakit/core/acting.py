"""Who does something, and what they hear where it can't be done. Releases and failovers share both."""

from dataclasses import dataclass

__all__ = ["Actor", "Refused"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it.

    Attributes:
        kind: `rule`, `worker`, or `person`.
        name: of the rule, the worker, or what a person claims to be called.
        user: the operating system's user, for a person.
        host: the machine.
    """

    kind: str
    name: str
    user: str = ""
    host: str = ""


class Refused(Exception):
    """What was asked for can't happen in this phase; the message says what can."""
