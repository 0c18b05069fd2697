"""What an evaluation answers, in OpenFeature's terms."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NoReturn

__all__ = ["Answer", "ErrorCode", "Evaluation", "Reason", "Withheld"]


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
    """What a flag answered to one question.

    Attributes:
        flag_key: the flag.
        value: the variant's value, or the caller's default where there is an error code.
        variant: the variant's name; None where there is none.
        reason: why.
        error_code: why the default was served.
        error_message: the same for people.
        metadata: what the flag's definition says beside (`owner`, `kind`, and as `version` the revision; of a flagd
            flag its `metadata`); empty where there is an error. Not to be changed.
    """

    flag_key: str
    value: Any
    variant: str | None
    reason: Reason
    error_code: ErrorCode | None = None
    error_message: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def __bool__(self) -> NoReturn:
        raise TypeError(
            f"an Evaluation is neither true nor false: use `.value`, or kit.enabled({self.flag_key!r}, ...)"
        )


class Answer:
    """One of the few answers that a flag can give. A compiled flag holds them, so evaluating allocates nothing.

    `counter` counts how often it was given, and `evaluation` is what callers get who ask for more than the value, where
    its value can't be changed by them. Both are None until it is given for the first time, since most never are.
    """

    __slots__ = ("counter", "evaluation", "reason", "value", "variant")

    def __init__(self, value: Any, variant: str | None, reason: Reason) -> None:
        self.value, self.variant, self.reason = value, variant, reason
        self.counter: Iterator[int] | None = None
        self.evaluation: Evaluation | None = None


class Withheld(Answer):
    """The answer of a flag that leaves the value to its caller: without an error, or because of one."""

    __slots__ = ("code", "message")

    def __init__(self, reason: Reason, code: ErrorCode | None = None, message: str | None = None) -> None:
        super().__init__(None, None, reason)
        self.code, self.message = code, message
