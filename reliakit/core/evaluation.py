"""What an evaluation answers, in OpenFeature's terms."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NoReturn

__all__ = ["ErrorCode", "Evaluation", "Reason"]


class Reason(StrEnum):
    """Why a variant was served. Telemetry writes them in lower case."""

    STATIC = "STATIC"
    DEFAULT = "DEFAULT"
    TARGETING_MATCH = "TARGETING_MATCH"
    SPLIT = "SPLIT"
    DISABLED = "DISABLED"
    STALE = "STALE"
    ERROR = "ERROR"


class ErrorCode(StrEnum):
    """Why the caller's default was served."""

    FLAG_NOT_FOUND = "FLAG_NOT_FOUND"
    TYPE_MISMATCH = "TYPE_MISMATCH"
    TARGETING_KEY_MISSING = "TARGETING_KEY_MISSING"
    INVALID_CONTEXT = "INVALID_CONTEXT"
    PARSE_ERROR = "PARSE_ERROR"
    PROVIDER_NOT_READY = "PROVIDER_NOT_READY"
    PROVIDER_FATAL = "PROVIDER_FATAL"
    GENERAL = "GENERAL"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One answer of one flag.

    A compiled flag holds all the answers it can give, so evaluating allocates nothing; `cell` is where the tally
    counts this one.
    """

    flag_key: str
    value: Any
    variant: str | None
    reason: Reason
    error_code: ErrorCode | None = None
    error_message: str | None = None
    cell: int = field(default=-1, repr=False, compare=False)

    def __bool__(self) -> NoReturn:
        raise TypeError(
            f"an Evaluation is neither true nor false: use `.value`, or kit.enabled({self.flag_key!r}, ...)"
        )
