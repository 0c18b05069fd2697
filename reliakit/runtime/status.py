"""What a process says of itself."""

from dataclasses import dataclass

from reliakit.definitions.problems import Problem

__all__ = ["Status"]


@dataclass(frozen=True, slots=True)
class Status:
    """What is in force in this process, and what is known against it."""

    source: str
    revision: str
    flags: int
    rollouts: int
    age: float
    """Seconds since the source was last read without a problem."""
    problems: tuple[Problem, ...]
    """Of what the source holds now; empty where all of it is in force."""
    overrides: tuple[str, ...]
    """Flags that an override pins, in this process."""
    engine: bool
    """Whether the background thread runs."""
    reload_failures: int
    """Since this process started."""
    unreachable: tuple[str, ...] = ()
    """Upstreams elsewhere that take no connection, as far as requests of this process tell."""
